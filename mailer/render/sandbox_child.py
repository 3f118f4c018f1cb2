"""The other process of `sandbox`: reads an order, draws it within its limits, and ends."""

import json
import re
import resource
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from mailer.render.sandbox import MEGABYTES, SECONDS
from mailer.render.wrapping import wrap

_OUTPUT: Final = 200_000
# Everything that may mean something in Markdown.
_MEANING: Final = re.compile(r"([\\`*_{}\[\]()<>#+.!|~:/@&-])")


def main() -> None:
    """Draw what stands on standard input, and write the answer to standard output."""
    order = json.load(sys.stdin)
    # What is imported by now does not count.
    _limit()
    try:
        answer = _drawn(order["source"], order["variables"])
    except jinja2.TemplateSyntaxError as error:
        answer = {"error": f"line {error.lineno}: {error.message}: mend it"}
    except jinja2.UndefinedError as error:
        answer = {"error": f"{error.message}: known are {', '.join(sorted(order['variables']))}"}
    except MemoryError:
        return
    except Exception as error:  # noqa: BLE001 - a typed template may do anything
        answer = {"error": f"the text cannot be drawn: {type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)


def _limit() -> None:
    size = MEGABYTES * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT * 8, _OUTPUT * 8))
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
    # By the wall clock, for one that sleeps: the signal ends the process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(SECONDS)


def _drawn(source: str, variables: Mapping[str, Any]) -> dict[str, str]:
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        finalize=_as_text,
        loader=None,
        keep_trailing_newline=False,
    )
    for name in ("lipsum", "cycler", "joiner", "namespace"):
        del environment.globals[name]
    written = environment.from_string(source).render(variables)
    if len(written) > _OUTPUT:
        raise ValueError(f"it becomes {len(written):,} characters, more than {_OUTPUT:,}")
    # HTML is not read but shown; links are those of the web and of mail.
    markdown = _Markdown("commonmark", {"html": False, "linkify": False, "typographer": False})
    markdown.disable(["image", "html_block", "html_inline"])
    tokens = markdown.parse(written)
    html = str(markdown.renderer.render(tokens, markdown.options, {}))
    return {"html": html, "text": "\n\n".join(_blocks(SyntaxTreeNode(tokens))) + "\n"}


def _as_text(value: Any) -> str:
    """Return a value whose Markdown is not read."""
    return _MEANING.sub(r"\\\1", " ".join(str(value).split()))


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - its name there
        """Take links of the web and of mail."""
        return re.match(r"(?:https?://|mailto:)", url, re.IGNORECASE) is not None


def _blocks(node: SyntaxTreeNode, first: str = "", rest: str = "") -> Iterator[str]:
    for child in node.children:
        match child.type:
            case "paragraph":
                yield wrap(_inline(child), first, rest)
            case "heading":
                yield wrap(_inline(child).upper(), first, rest)
            case "hr":
                yield rest + "_" * (72 - len(rest))
            case "fence" | "code_block":
                yield "\n".join(f"{rest}    {line}" for line in child.content.splitlines())
            case "blockquote":
                yield "\n\n".join(_blocks(child, f"{rest}> ", f"{rest}> "))
            case "bullet_list":
                yield "\n".join(
                    "\n".join(_blocks(item, f"{rest}- ", f"{rest}  ")) for item in child.children
                )
            case "ordered_list":
                start = int(child.attrs.get("start", 1))
                yield "\n".join(
                    "\n".join(_blocks(item, f"{rest}{start + at}. ", f"{rest}   "))
                    for at, item in enumerate(child.children)
                )
            case _:
                yield from _blocks(child, first, rest)
        first = rest


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(_words(node))


def _words(node: SyntaxTreeNode) -> Iterator[str]:
    for child in node.children:
        if child.type in ("text", "code_inline"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
        elif child.type == "link":
            shown, address = _inline(child), str(child.attrs.get("href", ""))
            yield shown if shown == address else f"{shown} ({address})"
        else:
            yield from _words(child)


if __name__ == "__main__":
    main()
