"""`mailer stories correct` and `retract`."""

from tests.cli.conftest import Mailer

AS_OF = "2026-10-22T07:00:00+09:00"


def test_a_retraction_counts_whom_it_tells_and_the_reader_sees_why(mailer: Mailer) -> None:
    mailer("seed")
    sent = mailer("send", "asia-daily", "daily", "--as-of", AS_OF, "--wait", "--json")
    mails = mailer("deliveries", "list", "--run", str(sent.json["id"]), "--json").json
    uid = mails[0]["items"][0]["uid"]
    readers = {m["email"] for m in mails for i in m["items"] if i["uid"] == uid}

    first = mailer("stories", "retract", uid, "--note", "The source was forged.", "--json")
    again = mailer("stories", "retract", uid, "--note", "The source was forged.", "--json")

    assert first.json["counts"] == {"told": len(readers), "planned_anew": 0, "dropped": 0}
    assert (first.json["new"], again.json["new"], again.json["counts"]["told"]) == (True, False, 0)
    assert mailer("drain").code == 0
    notices = [m for m in mailer("deliveries", "list", "--json").json if m["kind"] == "notice"]
    assert {m["email"] for m in notices if m["state"] == "accepted"} == readers
    assert mailer("deliveries", "show", str(notices[0]["id"])).code == 0
    explained = mailer("explain", notices[0]["email"], uid)
    assert "the retraction went in delivery" in explained.out
    assert mailer("ledger", "check").code == 0
    refused = mailer("stories", "correct", uid, "--note", "Too late")
    assert (refused.code, "was retracted" in refused.err) == (2, True)
