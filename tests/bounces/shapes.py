"""What mail systems send back, in their shapes: written by us, with the fields each one writes."""

TO = "bounces+7.abcdefghijklmnop@news.example"
READER = "mina@reader.example"
MESSAGE_ID = "<5e0d6ad1@news.example>"


def mail(text: str) -> bytes:
    """A message with the line ends of the wire; starts at the first character."""
    return text.strip("\n").replace("\n", "\r\n").encode()


RETURNED = f"""\
Return-Path: <{TO}>
From: Asia Today <asia@news.example>
To: Mina <{READER}>
Subject: Asia Today: three stories
Message-ID: {MESSAGE_ID}
List-Id: Asia Today <asia.news.example>
"""


def dsn(
    fields: str, *, sender: str, subject: str, words: str, returned: str = RETURNED, extra: str = ""
) -> bytes:
    """A multipart/report as RFC 3464 has it."""
    return mail(f"""
Return-Path: <>
From: {sender}
To: {TO}
Subject: {subject}
Message-ID: <report-1@mx.reader.example>
Auto-Submitted: auto-replied
{extra}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

{words}

--b1
Content-Type: message/delivery-status

{fields}

--b1
Content-Type: message/rfc822

{returned}
Hello.

--b1--
""")


def postfix(status: str, said: str, action: str = "failed") -> bytes:
    return dsn(
        f"""Reporting-MTA: dns; mx.news.example
X-Postfix-Queue-ID: 4Xk1Zq0Y2Tz
X-Postfix-Sender: rfc822; {TO}
Arrival-Date: Tue, 10 Mar 2026 07:00:03 +0000 (UTC)

Final-Recipient: rfc822; {READER}
Original-Recipient: rfc822;{READER}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: smtp; {said}""",
        sender="MAILER-DAEMON@mx.news.example (Mail Delivery System)",
        subject="Undelivered Mail Returned to Sender",
        words="This is the mail system at host mx.news.example.",
    )


def sendmail() -> bytes:
    return dsn(
        f"""Reporting-MTA: dns; mx.news.example
Received-From-MTA: DNS; out.news.example
Arrival-Date: Tue, 10 Mar 2026 07:00:03 GMT

Final-Recipient: RFC822; {READER}
Action: failed
Status: 5.1.1
Remote-MTA: DNS; mx.reader.example
Diagnostic-Code: SMTP; 550 5.1.1 <{READER}>... User unknown
Last-Attempt-Date: Tue, 10 Mar 2026 07:00:09 GMT""",
        sender="Mail Delivery Subsystem <MAILER-DAEMON@mx.news.example>",
        subject="Returned mail: see transcript for details",
        words="   ----- The following addresses had permanent fatal errors -----",
    )


def exchange() -> bytes:
    return dsn(
        f"""Reporting-MTA: dns;AM0PR01MB0001.eurprd01.example
Received-From-MTA: dns;out.news.example
Arrival-Date: Tue, 10 Mar 2026 07:00:03 +0000

Final-Recipient: rfc822;{READER}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {READER}
 not found by SMTP address lookup""",
        sender="postmaster@outlook.example",
        subject="Undeliverable: Asia Today: three stories",
        words="Your message couldn't be delivered.",
        extra="X-MS-Exchange-Message-Is-Ndr:\nX-Auto-Response-Suppress: DR, OOF, AutoReply\n",
    )


def gmail() -> bytes:
    return dsn(
        f"""Reporting-MTA: dns; googlemail.example
Arrival-Date: Tue, 10 Mar 2026 00:00:03 -0700 (PDT)
X-Original-Message-ID: {MESSAGE_ID}

Final-Recipient: rfc822; {READER}
Action: failed
Status: 5.2.1
Diagnostic-Code: smtp; The email account that you tried to reach is inactive. For more
 information, go to a page of ours
Last-Attempt-Date: Tue, 10 Mar 2026 00:00:04 -0700 (PDT)""",
        sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        subject="Delivery Status Notification (Failure)",
        words="** Message blocked **",
        returned=f"Message-ID: {MESSAGE_ID}\nSubject: Asia Today\n",
        extra=f"In-Reply-To: {MESSAGE_ID}\nReferences: {MESSAGE_ID}\n",
    )


def in_base64() -> bytes:
    """A status report in base64, which RFC 3464 does not foresee and some gateways write."""
    import base64

    fields = f"Reporting-MTA: dns; gw.example\n\nFinal-Recipient: rfc822; {READER}\n"
    fields += "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"
    return mail(f"""
From: postmaster@gw.example
To: {TO}
Subject: Delivery failure
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b1

--b1
Content-Type: text/plain

It failed.
--b1
Content-Type: message/delivery-status
Content-Transfer-Encoding: base64

{base64.b64encode(fields.encode()).decode()}
--b1
Content-Type: text/rfc822-headers

Message-ID: {MESSAGE_ID}
--b1--
""")


def exim() -> bytes:
    """Exim before 4.84, and as many still set it: no multipart/report."""
    return mail(f"""
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mx.news.example>
To: {TO}
Auto-Submitted: auto-replied
X-Failed-Recipients: {READER}
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1abcde-0001-XX@mx.news.example>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {READER}
    host mx.reader.example [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<{READER}>:
    550 5.1.1 unknown user

------ This is a copy of the message, including all the headers. ------

{RETURNED}
Hello.
""")


def qmail() -> bytes:
    return mail(f"""
Return-Path: <>
From: MAILER-DAEMON@mx.reader.example
To: {TO}
Subject: failure notice

Hi. This is the qmail-send program at mx.reader.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{READER}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{RETURNED}
Hello.
""")


def arf(feedback: str = "abuse", message_id: str = MESSAGE_ID) -> bytes:
    """A complaint as Yahoo's feedback loop sends it."""
    return mail(f"""
From: feedback@arf.mail.example
To: fbl@news.example
Subject: FW: Asia Today: three stories
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain; charset=us-ascii

This is an email abuse report for an email message received on Tue, 10 Mar 2026.

--b2
Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: Feedback/2.0
Version: 1
Original-Mail-From: <{TO}>
Original-Rcpt-To: {READER}
Source-IP: 192.0.2.1

--b2
Content-Type: message/rfc822

From: Asia Today <asia@news.example>
Subject: Asia Today: three stories
Message-ID: {message_id}

Hello.
--b2--
""")


def outlook_complaint() -> bytes:
    """Outlook.com's complaints: the mail attached, without a report."""
    return mail(f"""
From: staff@hotmail.com
To: fbl@news.example
Subject: complaint about message from 192.0.2.1
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b3"

--b3
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: {READER}
Message-ID: {MESSAGE_ID}
Subject: Asia Today

Hello.
--b3--
""")


def away(subject: str, header: str) -> bytes:
    return mail(f"""
From: Mina <{READER}>
To: {TO}
Subject: {subject}
{header}
In-Reply-To: {MESSAGE_ID}

I am away until Monday. User unknown to nobody: write to jun@reader.example.
""")
