"""Printed pages in other languages, and texts that are no page at all."""

from datetime import UTC, date, datetime

import pytest

from mailer.core.stories import StoryDraft
from mailer.errors import RejectedDocument
from mailer.ingest.documents import read_document
from tests.ingest.printed import FIRST, HEADLINE, SECOND


def read(text: str) -> StoryDraft:
    (draft,) = read_document(text.encode(), name="page.txt").drafts
    return draft


ITALIAN = f"""\
05/10/2023, 19.20
COREA DEL SUD – GIAPPONE
Invia ad un amico

Tornano i traghetti notturni tra Busan e Osaka

di Yun Ha-eun

Dopo quattro anni le due città portuali sono di nuovo unite, tre notti alla settimana.

Busan (Meridian) – {FIRST}

TAG
Invia ad un amico
Versione stampabile
CHIUDI X
Vedi anche
Un orario per chi dorme
12/02/2016 15:14

Newsletter

Iscriviti alla newsletter o cambia le tue preferenze

Iscriviti ora
"""
SPANISH = f"""\
05/10/2023, 19.20
COREA DEL SUR – JAPÓN
Enviar a un amigo

Vuelven los ferris nocturnos entre Busan y Osaka

de Yun Ha-eun

Después de cuatro años las dos ciudades portuarias están unidas de nuevo, tres noches por semana.

Busan (Meridian) – {FIRST}

Etiquetas
Enviar a un amigo
Versión para imprimir
CERRAR X
Ver también
Un horario para dormir
12/02/2016 15:14

Boletín

Suscríbase para recibir noticias o cambie sus preferencias
"""
CHINESE = """\
05/10/2023, 19.20
韩国 – 日本
发送给朋友

釜山与大阪之间的夜间渡轮恢复通航

作者：尹夏恩

四年之后，两座港口城市再次相连，每周三个夜晚。票价几乎没有上涨，骑自行车的人要求在甲板上加一根扶手，公司答应在春天之前装好，并且不另外收费，旅客们对此表示欢迎。

釜山（子午线）－首航于周日傍晚从釜山出发，载有二百一十二名乘客和九十辆自行车，并在早餐时间抵达大阪。公司说，它并不与飞机竞争，而是与一夜好眠竞争，这一点每位乘客都明白。

标签
发送给朋友
打印版本
关闭 X
另见
给睡眠者的时刻表
12/02/2016 15:14

电子报
"""  # noqa: RUF001 - these signs are Chinese


@pytest.mark.parametrize(
    ("page", "language", "kicker", "dateline"),
    [
        pytest.param(ITALIAN, "it", ("Corea del Sud", "Giappone"), "Busan", id="Italian"),
        pytest.param(SPANISH, "es", ("Corea del Sur", "Japón"), "Busan", id="Spanish"),
        pytest.param(CHINESE, "zh", ("韩国", "日本"), "釜山", id="Chinese"),
    ],
)
def test_the_words_round_an_article_are_known_in_other_languages(
    page: str, language: str, kicker: tuple[str, ...], dateline: str
) -> None:
    draft = read(page)
    lines = [line for line in page.split("\n") if line]
    assert (draft.language, draft.kicker, draft.dateline) == (language, kicker, dateline)
    assert draft.published_at == datetime(2023, 10, 5, 19, 20, tzinfo=UTC), "day first"
    assert (draft.title, draft.summary) == (lines[3], lines[5])
    assert draft.byline in ("Yun Ha-eun", "尹夏恩")
    assert draft.body_html.count("<p>") == 1
    assert [other.published_on for other in draft.see_also] == [date(2016, 2, 12)]


README = """\
# ferries

A tool.

## Install

```
pip install ferries
```

- fast
- small, and it does a single thing well, which nobody else does today.
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            README,
            "no article",
            id="README",
        ),
        pytest.param(
            "name,email\nAnn,ann@example.org\nBob,bob@example.org\n",
            "no paragraph|no headline",
            id="CSV",
        ),
        pytest.param(
            f"A note to myself\n\n{FIRST}\n\n{SECOND}\n",
            "no date, byline",
            id="a text without a sign of an article",
        ),
        pytest.param("10/16/2023\n", "no headline", id="a date alone"),
        pytest.param(f"10/16/2023\n\n{HEADLINE}\n", "no", id="a headline alone"),
        pytest.param("word " * 300_000, "too long", id="a book"),
        pytest.param(
            "MIT Licence\n\nCopyright (c) 2023 A. Person\n\n" + FIRST, "no", id="a licence"
        ),
    ],
)
def test_what_is_no_article_is_rejected_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(RejectedDocument, match=reason):
        read_document(text.encode(), name="notes.txt")
