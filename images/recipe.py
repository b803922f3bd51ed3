"""Recipes: how a JPEG 2000 is to be made. Parsed and validated with errors that name the field.

A recipe comes from an admin (PolicyData), from a request to the processor, or from here (NAMED). It says what
is wanted, in the encoder-neutral words of the standard; it knows no encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from images.quoting import quoted
from images.recipe_fields import FIELDS, HTJ2K_PROGRESSION, NOT_FOR_HTJ2K, UnfitError
from images.strict_json import JsonError, read_json

KDU_PRECINCTS = (256, 256, 256, 128, 128, 64, 64, 32, 16)

EXPECTED_RECIPE = f"null or a JSON object with some of {', '.join(FIELDS)}"


class RecipeError(ValueError):
    """A recipe that makes no sense: which field, what was expected, what was given."""

    def __init__(self, name: str, expected: str, given: str) -> None:
        super().__init__(f"{name}: expected {expected}, not {given}")
        self.field = name
        self.expected = expected
        self.given = given


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parameters of one conversion; without arguments, the default recipe. Its name does not count."""

    name: str | None = field(default=None, compare=False)
    codec: str = "j2k"  # or "htj2k"
    reversible: bool = False  # 5-3, lossless; else 9-7
    ratio: float | None = None  # uncompressed to compressed; None: no limit
    rate: float | None = 4.0  # bits a pixel, instead of a ratio; encoders ask `ratio_for`
    layers: int = 1
    levels: int = 7  # of decomposition: one more resolution than that
    block: tuple[int, int] = (64, 64)
    precincts: tuple[int, ...] = KDU_PRECINCTS  # square, of the full resolution first; the last one repeats
    progression: str = "RPCL"
    tiles: int | None = None  # edge; None: one tile
    optimisation: str | None = None  # what an Appetiser is told; None: kdu_max
    tolerant: bool = False  # make what can be made of a damaged source

    def ratio_for(self, bits_per_pixel: int) -> float | None:
        """The compression ratio this recipe asks for an image of so many bits a pixel; None: no limit."""
        return self.ratio if self.rate is None else max(1.0, bits_per_pixel / self.rate)

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON that reads back as the same recipe."""
        hidden = NOT_FOR_HTJ2K if self.codec == "htj2k" else ()
        return {name: _plain(getattr(self, name)) for name in FIELDS if name not in hidden}


def _kdu(name: str, rate: float | None, layers: int = 1) -> Recipe:
    return Recipe(name, rate=rate, layers=layers, optimisation=name)


_DEFAULT = Recipe("default")
_LOSSLESS = Recipe("lossless", reversible=True, rate=None)
_FASTEST = Recipe("fastest", codec="htj2k", rate=None, levels=6, precincts=(), tiles=1024)

NAMED: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name or "": recipe
        for recipe in (
            _DEFAULT,
            _FASTEST,
            Recipe("fast-lossy", ratio=12.0, rate=None, optimisation="kdu_med"),
            _LOSSLESS,
            _kdu("kdu_low", 0.5),
            _kdu("kdu_med", 2.0),
            _kdu("kdu_med_layers", 2.0, layers=6),
            _kdu("kdu_high", 4.0),
            _kdu("kdu_max", None),
        )
    }
)
"""The recipes that always exist, by the names that policies and processors call them."""


def parse_recipe(data: str | Mapping[str, Any] | None) -> Recipe:
    """The recipe that a PolicyData or a request holds, or RecipeError; nothing at all is the default recipe.

    Fields not named are those of the recipe that the others bring to mind: `fastest` for HTJ2K, the kdu recipe
    that is named, `lossless` if reversible, else the default.
    """
    if data is None or (isinstance(data, str) and not data.strip(" \t\r\n")):
        return _DEFAULT
    given = _object(data)
    values = {name: _value(name, value) for name, value in given.items()}
    _agree(values)
    recipe: Recipe = replace(_base(values), **values)
    return recipe


def kdu_name(recipe: Recipe) -> str:
    """What an Appetiser is told to do for this recipe."""
    return recipe.optimisation or "kdu_max"


def _object(data: str | Mapping[str, Any]) -> Mapping[str, object]:
    try:
        value = read_json(data) if isinstance(data, str) else data
    except JsonError as error:
        raise RecipeError("recipe", EXPECTED_RECIPE, f"{quoted(data)}, {error}") from error
    if not isinstance(value, Mapping):
        raise RecipeError("recipe", EXPECTED_RECIPE, quoted(value))
    return value


def _value(name: str, value: object) -> Any:
    """The value of one field, as the recipe holds it."""
    rule = FIELDS.get(name)
    if rule is None:
        raise RecipeError(name[:60], "one of the fields " + ", ".join(FIELDS), quoted(name))
    try:
        return rule.read(value)
    except UnfitError as error:
        raise RecipeError(name, rule.expected, quoted(value)) from error


def _agree(values: Mapping[str, Any]) -> None:
    """RecipeError for fields that are fine alone and make no sense together."""
    if values.get("ratio") is not None and values.get("rate") is not None:
        raise RecipeError("rate", "null beside a ratio", quoted(values["rate"]))
    if values.get("codec") != "htj2k":
        return
    for name in NOT_FOR_HTJ2K:
        if values.get(name) is not None:
            raise RecipeError(name, "nothing: HTJ2K is written without it", quoted(values[name]))
    if values.get("progression", HTJ2K_PROGRESSION) != HTJ2K_PROGRESSION:
        raise RecipeError("progression", f"{HTJ2K_PROGRESSION} for HTJ2K", quoted(values["progression"]))


def _base(values: Mapping[str, Any]) -> Recipe:
    """The recipe whose values stand where none are named; without a name of its own."""
    base = replace(_kin(values), name=None)
    return replace(base, rate=None) if "ratio" in values else base  # whoever names a ratio means no rate


def _kin(values: Mapping[str, Any]) -> Recipe:
    if values.get("codec") == "htj2k":
        return _FASTEST
    if values.get("optimisation"):
        return NAMED[values["optimisation"]]
    return _LOSSLESS if values.get("reversible") else _DEFAULT


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
