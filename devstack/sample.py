"""The demo's file: 10,000 rows of a building-supplies dealer, 150 of which no import can take.

``python -m devstack.sample`` writes sample_inventory.csv again, byte for byte: the seed is fixed,
and only Random.random() is used, the one sequence that Python promises to keep
(https://docs.python.org/3/library/random.html#notes-on-reproducibility).
"""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

SAMPLE = Path(__file__).with_name("sample_inventory.csv")

ROWS = 10_000
REFUSED = 150

COLUMNS = (
    "name", "sku", "description", "category", "quantity", "quantity_on_order", "unit_price", "cost",
    "price_tier_1", "price_tier_2", "price_tier_3", "department_code", "unit_of_measure",
)  # fmt: skip

Row = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Family:
    """Products that differ in their options only."""

    # Start of every SKU of the family.
    prefix: str
    # With one {} for each of the options.
    name: str
    description: str
    category: str
    department: str
    unit: str
    # The cheapest and the dearest option, in dollars.
    prices: tuple[float, float]
    # Each list is one property; every combination is a product.
    options: tuple[tuple[str, ...], ...]


def _list(options: str) -> tuple[str, ...]:
    return tuple(option.strip() for option in options.split("|"))


_COLOURS = _list(
    "White|Black|Grey|Almond|Sandstone|Forest Green|Barn Red|Navy|Charcoal|Ivory|Linen|Slate Blue"
    "|Taupe|Sage|Mocha"
)
_LENGTHS = _list("6 ft|8 ft|10 ft|12 ft|14 ft|16 ft|18 ft|20 ft")
_PIPES = _list('1/2"|3/4"|1"|1-1/4"|1-1/2"|2"|3"|4"')
_GRITS = _list("40|60|80|100|120|150|180|220|320|400")

FAMILIES = (
    Family(
        "LUM", "{} x {} {} {}", "Kiln-dried, straight and square; for framing and general building",
        "Lumber", "10", "EA", (3.2, 68),
        (_list("1x4|1x6|2x3|2x4|2x6|2x8|2x10|2x12|4x4|6x6"), _LENGTHS,
         _list("SPF|Douglas Fir|Cedar|Hem-Fir"), _list("#2 & Btr|Select|Stud Grade|Premium")),
    ),
    Family(
        "PTL", "{} x {} Pressure Treated {}", "Ground contact rated, brown: for outdoor decks",
        "Lumber", "10", "EA", (6.5, 94),
        (_list("1x6|2x4|2x6|2x8|2x10|2x12|4x4|6x6"), _LENGTHS, _list("Pine|Fir|Hemlock")),
    ),
    Family(
        "PLY", "{} {} Plywood {} 4x8 Sheet", "Exterior glue, sanded one face. Sheathing and floors",
        "Panels", "12", "SHT", (24, 132),
        (_list('1/4"|3/8"|1/2"|5/8"|3/4"'), _list("Fir|Spruce|Birch|Maple|Oak"),
         _list("A-C|B-C|C-D|Select|T&G")),
    ),
    Family(
        "DRY", "{} x 4 ft x {} Drywall, {}", "Gypsum board with tapered edges for interior walls",
        "Drywall", "14", "SHT", (11.4, 39),
        (_list('1/4"|3/8"|1/2"|5/8"'), _list("8 ft|9 ft|10 ft|12 ft"),
         _list("Standard|Moisture Resistant|Fire Code X|Mould Tough|Ceiling")),
    ),
    Family(
        "SCR", "{} Screws #{} x {} ({})", "Self-starting tip, countersunk head, no pilot hole",
        "Fasteners", "20", "BX", (4.9, 78),
        (_list("Deck|Wood|Drywall|Sheet Metal|Concrete|Cabinet"), _list("6|8|9|10|12"),
         _list('3/4"|1"|1-1/4"|1-5/8"|2"|2-1/2"|3"|3-1/2"'), _list("100 pc|350 pc|5 lb|25 lb")),
    ),
    Family(
        "NAL", "{} Nails {} {} ({})", "Bright steel with a checkered head, boxed by weight",
        "Fasteners", "20", "BX", (3.9, 96),
        (_list("Common|Finishing|Roofing|Framing|Joist Hanger"),
         _list('1-1/4"|1-1/2"|2"|2-1/2"|3"|3-1/4"|3-1/2"'),
         _list("Bright|Galvanized|Stainless"), _list("1 lb|5 lb|30 lb|50 lb")),
    ),
    Family(
        "BLT", "{} Bolt {} x {}, {}", "Grade 5, sold with nut; washers are separate",
        "Fasteners", "20", "EA", (0.18, 14.6),
        (_list("Hex|Carriage|Lag|Eye|Anchor"), _list('1/4"|5/16"|3/8"|1/2"|5/8"'),
         _list('1"|1-1/2"|2"|3"|4"|6"|8"|10"'), _list("Zinc|Hot Dip Galv.|Stainless")),
    ),
    Family(
        "PVC", "PVC {} {} {}", "For cold water and drains; solvent weld, meets CSA B137.3",
        "Plumbing", "30", "EA", (0.65, 48),
        (_list("Elbow 90°|Elbow 45°|Tee|Coupling|Cap|Reducer|Union|Ball Valve|Pipe 10 ft"), _PIPES,
         _list("Sch. 40|Sch. 80|DWV")),
    ),
    Family(
        "COP", "Copper {} {} {}, {}", "Lead-free, for potable water and heating",
        "Plumbing", "30", "EA", (1.1, 86),
        (_list("Elbow|Tee|Coupling|Adapter M|Adapter F|Cap|Pipe 12 ft"), _PIPES,
         _list("Type L|Type M"), _list("Sweat|Press")),
    ),
    Family(
        "WIR", "{} Building Wire {} {} {}", "Copper conductor rated 600 V, for electrical wiring",
        "Electrical", "40", "RL", (28, 412),
        (_list("NMD90|BX|THHN|UF-B"), _list("14/2|14/3|12/2|12/3|10/2|10/3|8/3|6/3"),
         _list("25 ft|50 ft|75 m|150 m"), _list("White|Yellow|Orange|Black")),
    ),
    Family(
        "DEV", "{} {}, {} {}", "Screw terminals and self-grounding clip, cULus listed",
        "Electrical", "40", "EA", (1.4, 62),
        (_list("Decora|Standard|Commercial|Tamper Resistant"),
         _list("Outlet 15 A|Outlet 20 A|GFCI 15 A|GFCI 20 A|Switch|3-Way Switch|Dimmer|Timer"),
         _list("White|Ivory|Black|Grey|Almond"), _list("1-pack|10-pack")),
    ),
    Family(
        "LED", "LED {} {} W {}", "Dimmable, 25,000 hours, damp locations; energy saving lamp",
        "Lighting", "42", "EA", (3.5, 118),
        (_list("Bulb A19|Bulb BR30|Tube T8|Pot Light 4 in|Pot Light 6 in|Shop Light|Flood Light"),
         _list("5|7|9|12|15|18|40"), _list("2700 K|3000 K|4000 K|5000 K")),
    ),
    Family(
        "PNT", "{} Paint {}, {} ({})", "100% acrylic with primer; covers 400 sq ft a gallon",
        "Paint", "50", "EA", (18, 289),
        (_list("Interior|Exterior|Ceiling|Porch & Floor"), _list("Flat|Eggshell|Satin|Semi-Gloss"),
         _COLOURS, _list("946 mL|1 gal.|5 gal.")),
    ),
    Family(
        "STN", "{} Wood Stain, {} ({})", "Penetrating oil; protects decks and siding from weather",
        "Paint", "50", "EA", (16, 214),
        (_list("Transparent|Semi-Transparent|Solid"),
         _list("Cedar|Redwood|Walnut|Natural|Slate|Teak|Chestnut|Driftwood"),
         _list("946 mL|1 gal.|5 gal.")),
    ),
    Family(
        "ABR", "Sanding {} {} Grit ({})", "Aluminum oxide, resists clogging; wood and paint",
        "Tools", "60", "PK", (2.6, 41),
        (_list("Disc 5 in|Disc 6 in|Sheet 9x11|Belt 3x21|Sponge"), _GRITS,
         _list("5-pack|15-pack|50-pack")),
    ),
    Family(
        "TLS", "{} {} {}V {} {}", "Brushless motor and lithium battery platform; 3 year warranty",
        "Tools", "60", "EA", (79, 749),
        (_list("Northforge|Ridgeway|Torquelite"),
         _list("Cordless Drill|Impact Driver|Circular Saw|Reciprocating Saw|Grinder|Nailer|Sander"),
         _list("12|18|20|40"), _list("Bare Tool|Kit 2 Ah|Kit 4 Ah|Kit 6 Ah"),
         _list("Compact|Pro|Heavy Duty")),
    ),
    Family(
        "BLD", "{} Blade {} {} Tooth", "Carbide tipped, thin kerf, for clean and fast cuts",
        "Tools", "60", "EA", (8.5, 139),
        (_list("Circular Saw|Mitre Saw|Table Saw|Jig Saw"), _list('6-1/2"|7-1/4"|10"|12"'),
         _list("24|40|60|80|100")),
    ),
    Family(
        "INS", '{} Insulation {} x {}"', "Friction fit batts; the bag states its coverage",
        "Insulation", "70", "BAG", (28, 124),
        (_list("Fibreglass|Mineral Wool|Sound Batt"), _list("R-12|R-14|R-20|R-22|R-24|R-28|R-40"),
         _list("15|16|19|23|24")),
    ),
    Family(
        "ROF", "{} Shingles {}, {}", "Limited lifetime warranty and algae resistance; 3 a square",
        "Roofing", "72", "BDL", (31, 88),
        (_list("Architectural|3-Tab|Designer|Hip & Ridge"), _list("Class A|Class 3|Class 4"),
         _list("Driftwood|Dual Black|Weathered Wood|Dual Brown|Slate|Harvest Gold|Patriot Red")),
    ),
    Family(
        "SID", "{} Siding {} {}", "UV stable and low maintenance; nailing hem for high wind",
        "Siding", "74", "EA", (9, 78),
        (_list("Vinyl|Fibre Cement|Engineered Wood|Steel"),
         _list("Double 4|Double 5|Board & Batten|Shake|J-Channel|Corner Post"), _COLOURS),
    ),
    Family(
        "DOR", '{} Door {}" x {}, {}', "Pre-hung with hinges, primed and ready for paint",
        "Doors & Windows", "80", "EA", (89, 1_640),
        (_list("Interior 6-Panel|Interior Shaker|Steel Entry|Fibreglass Entry|Bifold|Patio"),
         _list("24|28|30|32|34|36"), _list('80"|84"|96"'), _list("LH|RH")),
    ),
    Family(
        "HDW", "{} {} {}", "Adjustable latch, fits doors of 1-3/8 to 1-3/4 inch",
        "Door Hardware", "82", "EA", (6.5, 219),
        (_list("Passage Knob|Privacy Knob|Entry Lever|Deadbolt|Keypad Lock|Hinge 3-1/2 in"),
         _list("Round|Square|Colonial|Modern"),
         _list("Satin Nickel|Matte Black|Brass|Antique Bronze|Chrome")),
    ),
    Family(
        "CON", "{} {} {}", "Just add water; for posts, slabs, steps and repair",
        "Masonry", "90", "BAG", (5.2, 54),
        (_list("Concrete Mix|Mortar|Grout|Thinset|Self Leveller|Patch"),
         _list("Fast Set|Standard|High Strength|Polymer Modified"),
         _list("10 kg|20 kg|25 kg|30 kg")),
    ),
    Family(
        "ADH", "{} {} {}", "Low odour; bonds wood, stone and metal, stays flexible",
        "Adhesives & Sealants", "92", "EA", (3.4, 36),
        (_list("Construction Adhesive|Silicone Sealant|Acrylic Caulk|Roof Cement|Expanding Foam"),
         _list("White|Clear|Black|Grey|Brown|Almond"), _list("140 mL|300 mL|825 mL")),
    ),
    Family(
        "TRM", "{} {} {} x {}", "Finger-jointed and primed where painted; sold by the length",
        "Mouldings", "16", "EA", (4.8, 74),
        (_list("Baseboard|Casing|Crown|Quarter Round|Chair Rail"), _list("MDF|Pine|Oak|Poplar"),
         _list('1-1/2"|2-1/4"|3-1/4"|4-1/4"|5-1/2"'), _LENGTHS[1:6]),
    ),
    Family(
        "WIN", "{} Window {} x {} {}", "Double glazed with low-E glass and argon, screen included",
        "Doors & Windows", "80", "EA", (149, 1_890),
        (_list("Casement|Slider|Awning|Fixed"), _list("24|30|36|48|60|72"),
         _list("24|30|36|42|48|60"), _list("White Vinyl|Black Vinyl")),
    ),
    Family(
        "FLR", "{} Flooring {} {} mm", "Click lock for floating installation; 20 sq ft a box",
        "Flooring", "85", "BX", (29, 218),
        (_list("Laminate|Vinyl Plank|Engineered|Hardwood|Cork"),
         _list("Natural Oak|Grey Oak|Walnut|Hickory|Maple|Acacia|Birch|Ash"), _list("8|10|12|14")),
    ),
    Family(
        "TIL", "{} Tile {} {}, {}", "Rectified edge, for walls and floors, indoors or outdoors",
        "Flooring", "85", "BX", (18, 164),
        (_list("Porcelain|Ceramic|Marble|Slate"), _list("3x6|4x12|12x12|12x24|24x24"),
         _COLOURS[:8], _list("Matte|Polished")),
    ),
    Family(
        "BIT", "{} Bit {} ({})", "Split point that does not walk; for metal, wood and plastics",
        "Tools", "60", "EA", (1.9, 84),
        (_list("HSS Drill|Cobalt Drill|Masonry|Spade|Auger|Forstner"),
         _list('1/8"|5/32"|3/16"|1/4"|5/16"|3/8"|7/16"|1/2"|5/8"|3/4"|1"'),
         _list("1-pack|5-pack|25-pack")),
    ),
    Family(
        "ANC", "{} Anchor {} x {} {}", "For concrete, brick and block; stated load at 4:1 safety",
        "Fasteners", "20", "EA", (0.4, 19.8),
        (_list("Wedge|Sleeve|Drop-In|Toggle|Strike"), _list('1/4"|5/16"|3/8"|1/2"|5/8"'),
         _list('1-3/4"|2-1/4"|3"|4-1/4"|5-1/2"'), _list("Zinc|Galvanized|Stainless")),
    ),
    Family(
        "CAB", '{} Cabinet {}" {}', "Plywood box, soft-close hinges and drawers, assembled",
        "Kitchen", "88", "EA", (119, 1_240),
        (_list("Base|Wall|Tall|Corner|Drawer"), _list("12|15|18|21|24|30|36"),
         _list("Shaker White|Shaker Grey|Slab Oak|Raised Maple|Navy|Espresso")),
    ),
    Family(
        "DCK", "Composite Decking {} {} {}", "Capped on four sides; will not splinter, rot or fade",
        "Decking", "15", "EA", (34, 148),
        (_list("Grooved|Square Edge|Fascia|Stair Tread"), _COLOURS, _LENGTHS[3:8:2]),
    ),
    Family(
        "DUC", "{} Duct {} {} ga.", "Galvanized steel, snap lock seam, for heating and exhaust",
        "Heating", "35", "EA", (4.2, 92),
        (_list("Pipe|Elbow|Tee|Reducer|Boot|Register|Damper"),
         _list("3 in|4 in|5 in|6 in|7 in|8 in|10 in"), _list("30|28|26")),
    ),
)  # fmt: skip


def rows() -> list[Row]:
    """Make the file's rows: distinct SKUs, and every 67th or so with something wrong in it."""
    random = Random(20_261_123)  # noqa: S311 - a sample, not a secret
    products = sorted(_products(random), key=lambda _: random.random())[:ROWS]
    for index in range(REFUSED):
        stretch = products[index * ROWS // REFUSED : (index + 1) * ROWS // REFUSED]
        _pick(random, stretch).update(_MISTAKES[index % len(_MISTAKES)])
    return products


def as_csv(records: Sequence[Row]) -> str:
    """Write records under their column names."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return written.getvalue()


# What goes wrong in dealers' files. The first ten are what the demo shows.
_MISTAKES: tuple[Row, ...] = (
    {"unit_price": "call"},
    {"name": ""},
    {"quantity": "a few"},
    {"cost": "#REF!"},
    {"sku": ""},
    {"unit_price": "12..5"},
    {"unit_price": "12,34.50"},
    {"price_tier_1": "15%"},
    {"cost": "99999999.99"},
    {"name": "", "unit_price": "TBD"},
    {"quantity": "12 pcs"},
    {"price_tier_2": "N/A"},
    {"quantity_on_order": "3000000000"},
    {"name": "   ", "sku": ""},
    {"sku": "see description, the supplier has not sent an item number for this article yet; " * 4},
)


def _products(random: Random) -> Iterator[Row]:
    for family in FAMILIES:
        combinations = list(itertools.product(*family.options))
        low, high = family.prices
        for number, options in enumerate(combinations):
            # Dearer towards the end of the options, with some noise, as price lists are.
            step = number / len(combinations)
            price = round((low + (high - low) * step * step) * (0.9 + 0.2 * random.random()), 2)
            yield {
                "name": family.name.format(*options),
                "sku": f"{family.prefix}-{1000 + number * 7}",
                "category": family.category,
                "description": family.description,
                "department_code": family.department,
                "unit_of_measure": family.unit,
                **_stock(random),
                **_prices(random, price),
            }


def _stock(random: Random) -> Row:
    on_order = ("", "", "0", "12", "24", "48", "144")
    share = random.random()
    return {
        "quantity": str(int(share * share * 900)),  # few of most
        "quantity_on_order": _pick(random, on_order),
    }


def _prices(random: Random, retail: float) -> Row:
    def money(amount: float) -> str:
        return f"${amount:,.2f}" if as_currency else f"{amount:.2f}"

    as_currency = random.random() < 0.03  # noqa: PLR2004 - now and then a cell is formatted
    has_tiers = random.random() < 0.8  # noqa: PLR2004 - the others sell at retail
    return {
        "unit_price": money(retail),
        "cost": money(retail * (0.55 + 0.2 * random.random())),
        "price_tier_1": money(retail) if has_tiers else "",
        "price_tier_2": money(retail * 0.92) if has_tiers else "",
        "price_tier_3": money(retail * 0.85) if has_tiers else "",
    }


def _pick(random: Random, choices: Sequence[T]) -> T:
    return choices[int(random.random() * len(choices))]


if __name__ == "__main__":
    SAMPLE.write_text(as_csv(rows()), encoding="utf-8", newline="")
