"""The words a news page prints round an article, in the languages such sites use.

Knows which lines are not the article, and what follows them. Where they stand on a page is left to
the page parser.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Role(Enum):
    """What a line that is not the article is for."""

    ASIDE = auto()  # A link or notice: this line alone.
    TAGS = auto()  # Names of tags follow.
    SEE_ALSO = auto()  # Titles and dates of other stories follow.
    END = auto()  # What follows is not the article.


@dataclass(frozen=True, slots=True)
class Marker:
    """A line with a role. `rest` is what stands behind its colon; `language` is '' if unclear."""

    role: Role
    rest: str = ""
    language: str = ""


# Lower case, without accents; one phrase between two bars.
_PHRASES: Final = {
    Role.TAGS: {
        "": "tags|tag|topics",
        "en": "keywords|filed under",
        "it": "etichette|parole chiave",
        "es": "etiquetas|palabras clave",
        "fr": "mots-cles|mots cles|etiquettes",
        "pt": "palavras-chave",
        "de": "schlagworter|schlagworte",
        "zh": "标签|標籤|标记|关键词|關鍵詞",
    },
    Role.SEE_ALSO: {
        "en": "see also|read also|also read|related|related articles|related stories|related news"
        "|more on this story|related content",
        "it": "vedi anche|leggi anche|articoli correlati|notizie correlate",
        "es": "ver tambien|vea tambien|vease tambien|lea tambien|lee tambien|articulos relacionados"
        "|noticias relacionadas",
        "fr": "voir aussi|lire aussi|a lire aussi|articles lies|articles similaires",
        "pt": "veja tambem|leia tambem|artigos relacionados",
        "de": "siehe auch|lesen sie auch",
        "zh": "参见|參見|另见|另見|另请参阅|相关文章|相關文章|相关新闻|相關新聞|延伸阅读|延伸閱讀",
    },
    Role.END: {
        "": "newsletter|newsletters|disqus",
        "en": "close x|x close|our newsletter|subscribe to our newsletter|comments|leave a comment"
        "|leave a reply|most read|most popular|latest news|about us|about the author|donate"
        "|support us|follow us",
        "it": "chiudi x|x chiudi|la nostra newsletter|commenti|lascia un commento|i piu letti"
        "|ultime notizie|chi siamo|sostienici|seguici",
        "es": "cerrar x|x cerrar|boletin|comentarios|deja un comentario|lo mas leido"
        "|ultimas noticias|quienes somos|siguenos",
        "fr": "fermer x|x fermer|bulletin|lettre d'information|commentaires|les plus lus"
        "|laisser un commentaire|suivez-nous",
        "pt": "fechar x|boletim|comentarios|mais lidas",
        "de": "schliessen x|kommentare|meistgelesen",
        "zh": "关闭 x|關閉 x|关闭|關閉|电子报|電子報|订阅通讯|评论|評論|最新消息|关于我们|關於我們",
    },
    Role.ASIDE: {
        "": "facebook|twitter|x|whatsapp|telegram|linkedin|instagram|pinterest|wechat|weibo|email"
        "|e-mail|pdf|rss|home|menu|tweet|ok",
        "en": "send to a friend|send to friend|send this to a friend|email to a friend|email this"
        "|email this article|printable version|print version|printer friendly version"
        "|printer-friendly version|printer-friendly|print|print this article|print this page|share"
        "|share this|share this article|copy link|save|advertisement|advertising|sponsored"
        "|subscribe|subscribe now|sign up|search|log in|login|sign in|register|back to top|top"
        "|read more|continue reading|skip to content|skip to main content|accept|accept all"
        "|accept cookies|reject all|cookie policy|cookie settings|privacy policy|i agree|close"
        "|listen to this article|follow us on google news",
        "it": "invia ad un amico|invia a un amico|versione stampabile|versione per la stampa|stampa"
        "|condividi|pubblicita|abbonati|abbonati ora|iscriviti|iscriviti ora|cerca|accedi|accetta"
        "|leggi tutto|torna su|chiudi",
        "es": "enviar a un amigo|envia a un amigo|enviar a un amigo/a|version para imprimir"
        "|version imprimible|version de impresion|imprimir|compartir|publicidad|suscribete"
        "|suscribete ahora|suscribirse|buscar|iniciar sesion|aceptar|leer mas|cerrar",
        "fr": "envoyer a un ami|version imprimable|version a imprimer|imprimer|partager|publicite"
        "|s'abonner|abonnez-vous|rechercher|se connecter|accepter|lire la suite|fermer",
        "pt": "enviar a um amigo|enviar para um amigo|versao para impressao|compartilhar|assine",
        "de": "an einen freund senden|druckversion|drucken|teilen|anzeige|werbung|abonnieren",
        "zh": "发送给朋友|发给朋友|發送給朋友|轉寄朋友|转发给朋友|打印版本|可打印版本|打印版|打印"
        "|列印|友善列印|分享|转发|廣告|广告|立即订阅|立即訂閱|订阅|訂閱|搜索|登录",
    },
}

_SENTENCES: Final = re.compile(
    r"(?:(?:please )?(?:subscribe to|sign up (?:for|to)) .*"
    r"(?:newsletter|updates|news|emails?|alerts)"
    r"|(?:subscribe|sign up) .*(?:newsletter|preferences)|get .* in your inbox"
    r"|(?:iscriviti|abbonati) .*(?:newsletter|aggiornamenti|preferenze)"
    r"|(?:suscribete|suscribase) .*(?:boletin|newsletter|noticias|preferencias)"
    r"|(?:abonnez-vous|inscrivez-vous) .*(?:newsletter|bulletin|lettre|preferences)"
    r"|(?:订阅|訂閱).*(?:通讯|通訊|电子报|電子報|更新|偏好)"
    r"|(?:we use|this (?:web)?site uses|by continuing .*) .*cookies"
    r"|(?:questo sito|usiamo|utilizziamo) .*cookie|(?:este sitio|usamos|utilizamos) .*cookies"
    r"|(?:ce site|nous utilisons) .*cookies|(?:本网站|本網站|我们|我們)使用.*cookies?"
    r"|click here to ).*"
    r"|(?:share (?:this|on|via)|(?:condividi|compartir|partager) (?:su|en|sur|via)"
    r"|follow us on|seguici su|siguenos en|suivez-nous sur) .{1,40}"
)
_RIGHTS: Final = re.compile(
    r"(?:©|\(c\) ?\d|copyright\b|all rights reserved|tutti i diritti riservati"
    r"|todos los derechos reservados|tous droits reserves|todos os direitos reservados"
    r"|版权所有|版權所有).*"
)
_MARKERS: Final = {
    phrase: (role, language)
    for role, by_language in _PHRASES.items()
    for language, phrases in by_language.items()
    for phrase in phrases.split("|")
}
_QUOTATION: Final = re.compile(
    r"[\"\u201c\u201e\u00ab\u300c\u2018'].*[\"\u201d\u201c\u00bb\u300d\u2019']"
    r"[\s.,]*[-\u2013\u2014\u2015(\u2014].*"
)

# Notices are short; anything longer is read as a paragraph.
_LONGEST_NOTICE: Final = 250


def marker(line: str) -> Marker | None:
    """Return what a line that is not the article is for; None for any other line."""
    if len(line) > _LONGEST_NOTICE:
        return None
    text = folded(line)
    label, colon, rest = text.replace("\uff1a", ":").partition(":")
    if found := _MARKERS.get(text.strip(" :.!>»«<|-\uff1a[]()")):
        return Marker(found[0], "", found[1])
    if colon and (found := _MARKERS.get(label.strip())) and rest.strip():
        behind = re.split("[:\uff1a]", line, maxsplit=1)[1].strip()
        if found[0] in (Role.TAGS, Role.SEE_ALSO):
            return Marker(found[0], behind, found[1])
    if _RIGHTS.fullmatch(text):
        return Marker(Role.END)
    return Marker(Role.ASIDE) if _SENTENCES.fullmatch(text) else None


def is_quotation(line: str) -> bool:
    """Say whether a line is a motto: words in quotation marks, a dash, and who said them."""
    return len(line) <= 400 and _QUOTATION.fullmatch(line) is not None


def folded(line: str) -> str:
    """Return a line in lower case, without accents, with plain apostrophes and single spaces."""
    decomposed = unicodedata.normalize("NFD", line.lower().replace("\u2019", "'"))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())
