"""The template language while an edition is compiled: it shows where loops are, and takes care.

Every loop over sections or stories prints marks around what it draws. Whatever could make the
output depend on a value that is not known yet (comparing it, cutting it, counting it) raises
Uncuttable, so what is left to a template is to print it. Templates notice nothing of this.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from mailer.render.probes import Probe, ProbeList, ProbeLoop
from mailer.render.slots import MAKES_LINES, NumberSlot, Tokens, Uncuttable
from mailer.render.views import ReferenceView

# They give back what they are given: what is in it stays where it is.
_TRANSPARENT: Final = frozenset(("string", "default", "d", "e", "escape"))
# They change text and nothing else, so they can wait.
_PUT_OFF: Final = MAKES_LINES | {"upper", "lower", "capitalize", "title", "trim"}
_HARMLESS_TESTS: Final = frozenset(("defined", "undefined", "none", "string", "number"))
_HARMLESS: Final = (int, float, type(None), Undefined, ReferenceView)
_OF_JINJA: Final = ("_block_vars", "_loop_vars")
_SPOKEN: Final = ("gettext", "ngettext", "pgettext", "npgettext", "_")


class CuttingEnvironment(ImmutableSandboxedEnvironment):
    """Jinja for one compile; `tokens` must be set before anything is rendered."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))
    intercepted_unops = frozenset(("+", "-"))
    tokens: Tokens
    read: Callable[[Any, str], None]

    def take_care(self) -> None:
        """Guard what templates may call; the environment must have all its filters by now."""
        for name, function in list(self.filters.items()):
            self.filters[name] = self._guarded(name, function)
        for name, test in list(self.tests.items()):
            if name not in _HARMLESS_TESTS:
                self.tests[name] = self._guarded("", test)
        self._own = {id(self.globals[name]) for name in _SPOKEN if name in self.globals}
        for name in ("cycler", "joiner", "lipsum", "namespace"):
            self.globals[name] = functools.partial(_refuse, name)

    def known(self, *values: Any) -> None:
        """Raise Uncuttable when a value is not known yet, or is one of the letter's parts."""
        for value in values:
            if isinstance(value, str):
                if self.tokens.are_in(value):
                    raise Uncuttable(
                        "it compares, counts or cuts what is different for each reader"
                    )
            elif isinstance(value, tuple | list):
                self.known(*value)
            elif not isinstance(value, _HARMLESS):
                raise Uncuttable(f"it computes with {_told(value)}")

    def compared(self, value: Any) -> Any:
        """Return a value that a template is about to compare."""
        self.known(value)
        return value

    def each(self, values: Any) -> Iterable[tuple[Any, Any]]:
        """Return what a loop goes over, each with its loop variable."""
        if isinstance(values, ProbeList):
            return values.walk()
        if isinstance(values, str | NumberSlot | Probe):
            self.known(values)
        return LoopContext(values, self.undefined)

    def border(self, kind: str, values: Any) -> str:
        """Return the mark of a border of a loop, nothing for a loop over known things."""
        if not isinstance(values, ProbeLoop | ProbeList):
            return ""
        # Marks are no HTML by themselves: they are put into comments later.
        mark = self.tokens.mark(kind, values)
        return Markup(mark)  # noqa: S704 - letters and digits

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute, and note when it decides about what a template draws."""
        self._look_at(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an item, as `getattr` does."""
        if isinstance(obj, ProbeList):
            raise Uncuttable("it picks sections or stories by their number")
        self.known(argument)
        self._look_at(obj, argument if isinstance(argument, str) else "")
        return super().getitem(obj, argument)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063
        """Call what a template calls: macros may be given anything, functions what is known."""
        if isinstance(__obj, Macro | BlockReference) or getattr(__obj, "__self__", None) is __self:
            return super().call(__context, __obj, *args, **kwargs)
        # Jinja itself hands on what blocks and loops have set.
        options = [value for name, value in kwargs.items() if name not in _OF_JINJA]
        if id(__obj) in __self._own:
            __self.known(*args, *(value for value in options if not isinstance(value, str)))
        else:
            bound = getattr(__obj, "__self__", None)
            __self.known(*args, *options, *([bound] if isinstance(bound, str) else []))
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute with known values."""
        self.known(left, right)
        return super().call_binop(context, operator, left, right)

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        """Compute with a known value."""
        self.known(arg)
        return super().call_unop(context, operator, arg)

    def _look_at(self, obj: Any, attribute: str) -> None:
        if isinstance(obj, Probe | ProbeLoop):
            self.read(obj, attribute)
        elif isinstance(obj, str):
            self.known(obj)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        return _Marking(self).visit(tree)  # type: ignore[no-any-return]

    def _guarded(self, name: str, function: Any) -> Callable[..., Any]:
        first = 1 if getattr(function, "jinja_pass_arg", None) is not None else 0

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            value = args[first] if len(args) > first else None
            rest = (*args[first + 1 :], *kwargs.values())
            if isinstance(value, str | NumberSlot) and name in _TRANSPARENT:
                self.known(*rest)
                return function(*args, **kwargs)
            if isinstance(value, str) and self.tokens.are_in(value):
                self.known(*rest)
                # A text that is HTML by now is nothing to wait with.
                if not isinstance(value, Markup) and name in _PUT_OFF:
                    return self.tokens.put_off(name, str(value), args[first + 1 :], kwargs)
                raise Uncuttable(f"it puts what is different for each reader through '{name}'")
            if name == "random":
                raise Uncuttable("it uses the filter 'random'")
            self.known(value, *rest)
            return function(*args, **kwargs)

        return guarded


class _Marking(NodeTransformer):
    """Puts marks around loops, and an eye on comparisons."""

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment
        self._count = 0
        # The names that stand for `loop` in the loops around; None where it is a plain name.
        self._loops: list[str] = []

    def visit_For(self, node: nodes.For) -> list[nodes.Node]:  # noqa: N802
        """Put marks around a loop and around each of its turns."""
        if node.recursive:
            raise Uncuttable("it has a recursive loop")
        if node.test is not None and _names_loop(node):
            raise Uncuttable("it uses loop in a loop with a condition")
        self._count += 1
        values, loop = f"zvalues{self._count}", f"zloop{self._count}"
        assign = nodes.Assign(nodes.Name(values, "store"), self.visit(node.iter))
        self._loops.append(loop)
        body = [child for part in node.body for child in _listed(self.visit(part))]
        test = self.visit(node.test) if node.test is not None else None
        self._loops.pop()
        else_ = [child for part in node.else_ for child in _listed(self.visit(part))]
        target = nodes.Tuple([node.target, nodes.Name(loop, "store")], "store")
        marked = nodes.For(
            target,
            _call("each", nodes.Name(values, "load")),
            [
                nodes.Output([_call("border", nodes.Const("enter"), nodes.Name(loop, "load"))]),
                *body,
                nodes.Output([_call("border", nodes.Const("leave"), nodes.Name(loop, "load"))]),
            ],
            else_,
            test,
            False,
        )
        # A scope of its own, so that the name of the values is nobody else's.
        whole = nodes.Scope(
            [
                assign,
                nodes.Output([_call("border", nodes.Const("begin"), nodes.Name(values, "load"))]),
                marked,
                nodes.Output([_call("border", nodes.Const("end"), nodes.Name(values, "load"))]),
            ]
        )
        for made in (whole, *whole.iter_child_nodes(), *marked.find_all(nodes.Node)):
            if getattr(made, "lineno", None) is None:
                made.lineno = node.lineno
        return [whole.set_environment(self._environment)]

    def visit_Name(self, node: nodes.Name) -> nodes.Name:  # noqa: N802
        """Let `loop` be the variable of the innermost loop."""
        if node.name == "loop" and node.ctx == "load" and self._loops:
            return nodes.Name(self._loops[-1], "load", lineno=node.lineno)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        """Have both sides of a comparison looked at."""
        self.generic_visit(node)
        node.expr = _call("compared", node.expr, lineno=node.lineno)
        for operand in node.ops:
            operand.expr = _call("compared", operand.expr, lineno=node.lineno)
        return node

    def visit_ScopedEvalContextModifier(self, node: nodes.Node) -> nodes.Node:  # noqa: N802
        """Refuse what changes escaping: where a value stands would not be known."""
        raise Uncuttable("it switches autoescape")

    visit_EvalContextModifier = visit_ScopedEvalContextModifier  # noqa: N815


def _listed(visited: Any) -> Iterator[nodes.Node]:
    if isinstance(visited, list):
        yield from visited
    elif visited is not None:
        yield visited


def _names_loop(node: nodes.For) -> bool:
    return any(name.name == "loop" for part in node.body for name in part.find_all(nodes.Name))


def _call(name: str, *arguments: nodes.Expr, lineno: int | None = None) -> nodes.Call:
    method = nodes.EnvironmentAttribute(name, lineno=lineno)
    return nodes.Call(method, list(arguments), [], None, None, lineno=lineno)


def _told(value: Any) -> str:
    return "a count" if isinstance(value, NumberSlot) else "sections or stories as a whole"


def _refuse(name: str, *_args: Any, **_options: Any) -> Any:
    raise Uncuttable(f"it uses '{name}', which remembers or is by chance")
