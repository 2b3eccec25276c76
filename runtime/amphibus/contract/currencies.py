"""The active currency codes of ISO 4217 (funds and test codes left out), and the digits of each.

Source: ISO 4217, list one of its maintenance agency (SIX), column "minor unit", up to amendment 180. A code that has
left that list stays in ours: orders and refunds in it are kept, and have to be read.
"""

from typing import Final

CURRENCIES: Final = frozenset(
    (  # noqa: SIM905 - a list of 150 quoted codes is no easier to read
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP "
        "BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR "
        "KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
        "MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR "
        "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
        "UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
    ).split()
)
_USUAL_DIGITS: Final = 2
_OTHER_DIGITS: Final = dict.fromkeys(
    (
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ]
    ),
    0,
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)  # noqa: SIM905 - as above


def minor_digits(currency: str) -> int:
    """The digits behind the point of an amount in a currency: 2 of EUR, 0 of JPY, 3 of KWD."""
    return _OTHER_DIGITS.get(currency, _USUAL_DIGITS)
