"""Exports of other products, as they come."""

import io
import zipfile


def mailchimp_zip() -> bytes:
    head = "Email Address,First Name,Last Name,Interests,OPTIN_TIME,CONFIRM_TIME,"
    files = {
        "subscribed_members_export_1.csv": f'{head}TAGS\nmina@x.example,Mina,Kim,"Japan, Old list",'
        '2019-01-01 10:00:00,2019-01-02 10:00:00,"""Daily Briefing"",""Old list"""\n',
        "unsubscribed_members_export_1.csv": f"{head}UNSUB_TIME,UNSUB_REASON,TAGS\n"
        "gone@x.example,G,G,,2019-01-01 10:00:00,,2020-05-06 07:08:09,NO_LONGER_INTERESTED,\n",
        "cleaned_members_export_1.csv": f"{head}CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,TAGS\n"
        "dead@x.example,D,D,,2019-01-01 10:00:00,,2020-05-06 07:08:09,May issue,\n",
        "nonsubscribed_members_export_1.csv": f"{head}TAGS\nshop@x.example,S,S,,,,\n",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()
