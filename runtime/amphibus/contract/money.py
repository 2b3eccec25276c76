"""Amounts as exact text, and the currencies that they are in."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic import WithJsonSchema as JsonSchema

from amphibus.contract.currencies import CURRENCIES, minor_digits

_CENT_DIGITS: Final = 2


class DecimalString:
    """`Annotated[Decimal, DecimalString(...)]`: an exact decimal that travels as text, never as a float.

    The text is what the published pattern says, on the way in as on the way out.
    """

    def __init__(
        self, *, decimal_places: int, max_digits: int = 18, minimum: str | None = "0"
    ) -> None:
        self._places = decimal_places
        self._digits = max_digits
        self._minimum = None if minimum is None else Decimal(minimum)
        sign = "" if self._minimum is not None and self._minimum >= 0 else "-?"
        whole = rf"^{sign}[0-9]{{1,{max_digits - decimal_places}}}"
        self._pattern = whole + (rf"(\.[0-9]{{1,{decimal_places}}})?$" if decimal_places else "$")
        self._written = re.compile(self._pattern)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Builds the schema from the public annotations that mean the same."""
        return handler.generate_schema(
            Annotated[
                source,
                BeforeValidator(self._read),
                Field(ge=self._minimum, max_digits=self._digits, decimal_places=self._places),
                JsonSchema({"type": "string", "pattern": self._pattern, "format": "decimal"}),
            ]
        )

    def _read(self, value: Any) -> Any:
        """Refuses JSON numbers, exponents and all that has a second way to be written."""
        if isinstance(value, Decimal):
            return self._plain(value)
        if not isinstance(value, str):
            message = 'must be a decimal in quotes, such as "2.55"'
            raise ValueError(message)  # noqa: TRY004 - Pydantic turns it into a field error
        if self._written.fullmatch(value) is None:
            message = self._why(value)
            raise ValueError(message)
        return self._plain(Decimal(value))

    def _plain(self, value: Decimal) -> Decimal:
        """Returns an amount that was worked out, without an exponent, a minus before nothing or needless zeros."""
        if not value.is_finite():
            return value
        if value.adjusted() >= self._digits:
            message = f"must have at most {self._digits} digits"
            raise ValueError(message)
        places = -int(value.as_tuple().exponent)
        if places > self._places or places < 0:
            rounded = value.quantize(Decimal(1).scaleb(-max(0, min(places, self._places))))
            value = rounded if rounded == value else value
        return value or abs(value)

    def _why(self, value: str) -> str:
        if re.fullmatch(r"-(?=.*[1-9])[0-9]+(\.[0-9]+)?", value) and self._minimum is not None:
            return f"must be {self._minimum} or more"
        return (
            f'must be a plain decimal, such as "2.55", with at most {self._digits - self._places}'
            f" digits before and {self._places} behind the point"
        )


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        message = f"'{code}' is not an active ISO 4217 currency code"
        raise ValueError(message)
    return code


def _in_cents(code: str) -> str:
    digits = minor_digits(code)
    if digits != _CENT_DIGITS:
        message = f"{code} has {digits} digits behind the point, and amounts here have 2"
        raise ValueError(message)
    return code


Amount = Annotated[Decimal, DecimalString(decimal_places=4)]
"""Not negative, up to 4 decimals."""
Money = Annotated[Decimal, DecimalString(decimal_places=2)]
"""Not negative, to the cent: an amount of a `CentCurrency`."""
Currency = Annotated[
    str, StringConstraints(min_length=3, max_length=3), AfterValidator(_known_currency)
]
"""An active ISO 4217 code, upper case."""
CentCurrency = Annotated[Currency, AfterValidator(_in_cents)]
"""A currency whose amounts have two digits behind the point, as `Money` has."""
