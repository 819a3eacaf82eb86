"""Whom Harbourlight serves, with what, and where its projects belong. All of it is invented."""

from collections.abc import Iterator
from dataclasses import dataclass

from examples.demo.chance import Chance
from examples.demo.periods import FIRST_MONTH, first_day, last_day, month_number

ORGANISATION = "HARBOURLIGHT"
ORGANISATION_NAME = "Harbourlight Services (invented)"


@dataclass(frozen=True)
class Portfolio:
    code: str
    name: str
    parent: str
    description: str


PORTFOLIOS = (
    Portfolio(
        "PF-SERVE",
        "Serving customers",
        parent="",
        description="Everything a customer meets: from the first contract to the daily question.",
    ),
    Portfolio(
        "PF-ONBOARD",
        "Onboarding and transition",
        parent="PF-SERVE",
        description=(
            "Getting customers from signature to value, and across a change without losing "
            "their feet."
        ),
    ),
    Portfolio(
        "PF-CHANNELS",
        "Channels and self-service",
        parent="PF-SERVE",
        description="How customers reach us, and what they can do without us.",
    ),
    Portfolio(
        "PF-RUN",
        "Running services",
        parent="",
        description="The services themselves: dependable, current and worth their price.",
    ),
    Portfolio(
        "PF-CLOUD",
        "Cloud and workplace",
        parent="PF-RUN",
        description="Hosting, workplaces and sign-in, for customers and for ourselves.",
    ),
    Portfolio(
        "PF-DATA",
        "Data and integration",
        parent="PF-RUN",
        description="Data that flow between customers and us, and the insight in them.",
    ),
    Portfolio(
        "PF-GROW",
        "Company and people",
        parent="",
        description="What keeps us able to serve: people, ideas and a sound back office.",
    ),
    Portfolio(
        "PF-BACK",
        "Back office renewal",
        parent="PF-GROW",
        description="Ledger, buying, expenses and payroll on current systems.",
    ),
)


@dataclass(frozen=True)
class Segment:
    code: str
    name: str
    audience: str
    weight: int
    customer_count: int
    annual_revenue: int | None
    description: str
    value_proposition: str


SEGMENTS = (
    Segment(
        "SEG-ENT",
        "Enterprise groups",
        audience="external",
        weight=4,
        customer_count=18,
        annual_revenue=20_693_000,
        description=(
            "Groups with more than 2,000 workplaces and a purchasing department of their own."
        ),
        value_proposition=(
            "One named team from first contract to renewal, and no surprise on the way."
        ),
    ),
    Segment(
        "SEG-PUB",
        "Public bodies",
        audience="external",
        weight=3,
        customer_count=14,
        annual_revenue=13_333_000,
        description="Cities, hospitals and agencies that answer to the public for every change.",
        value_proposition="Every citizen-facing service keeps running through every change.",
    ),
    Segment(
        "SEG-MID",
        "Mid-size companies",
        audience="external",
        weight=3,
        customer_count=32,
        annual_revenue=13_013_000,
        description="Companies of 100 to 2,000 workplaces with a small IT team.",
        value_proposition="A full IT department's service for the price of two people.",
    ),
    Segment(
        "SEG-SMB",
        "Small businesses",
        audience="external",
        weight=2,
        customer_count=640,
        annual_revenue=7_800_000,
        description=(
            "Shops, practices and workshops without an IT person; 40 of 640 are followed by name."
        ),
        value_proposition="Set up in a day, and a person who answers when something is wrong.",
    ),
    Segment(
        "SEG-UNITS",
        "Business units of the group",
        audience="internal",
        weight=1,
        customer_count=10,
        annual_revenue=None,
        description="Units of our own group that buy from us at a transfer price.",
        value_proposition="A predictable price per service and a voice in what comes next.",
    ),
    Segment(
        "SEG-STAFF",
        "Colleagues",
        audience="internal",
        weight=1,
        customer_count=860,
        annual_revenue=None,
        description="The people who work here, at six sites: customers of our own tools and rules.",
        value_proposition="Tools that let you spend the day on customers, not on forms.",
    ),
)


@dataclass(frozen=True)
class Offer:
    """A service offered to a segment, its yearly cost and what the market asks for the same."""

    segment: str
    weight: int
    annual_cost: int
    benchmark_cost: int
    currency: str = "EUR"


@dataclass(frozen=True)
class Service:
    code: str
    name: str
    owner: str
    scorecard: str
    description: str
    value_proposition: str
    offers: tuple[Offer, ...]


SERVICES = (
    Service(
        "SRV-MAIL",
        "Customer mail desk",
        owner="Ines Varga",
        scorecard="SC-DESK",
        description="Reads, answers and follows up what customers write.",
        value_proposition="Every mail answered by somebody who can decide, within a working day.",
        offers=(
            Offer("SEG-ENT", 2, 310_000, 290_000),
            Offer("SEG-MID", 3, 420_000, 455_000),
            Offer("SEG-SMB", 3, 380_000, 360_000),
        ),
    ),
    Service(
        "SRV-DESK",
        "Service desk",
        owner="Tomas Lindqvist",
        scorecard="SC-DESK",
        description="First place to turn to when something does not work.",
        value_proposition="Working again today, or told honestly when.",
        offers=(
            Offer("SEG-ENT", 4, 1_250_000, 1_310_000),
            Offer("SEG-PUB", 4, 890_000, 840_000),
            Offer("SEG-STAFF", 2, 260_000, 275_000),
        ),
    ),
    Service(
        "SRV-BILLING",
        "Billing enquiries",
        owner="Ruth Abara",
        scorecard="SC-DESK",
        description="Explains and corrects invoices.",
        value_proposition="A bill that is right, and an explanation when it does not look so.",
        offers=(
            Offer("SEG-MID", 1, 160_000, 150_000),
            Offer("SEG-SMB", 2, 210_000, 180_000),
        ),
    ),
    Service(
        "SRV-PORTAL",
        "Self-service portal",
        owner="Jonas Petrov",
        scorecard="",
        description="Orders, changes and answers at any hour.",
        value_proposition="Done in three clicks, at any hour, without asking anybody.",
        offers=(
            Offer("SEG-MID", 3, 240_000, 260_000),
            Offer("SEG-SMB", 3, 270_000, 290_000),
            Offer("SEG-UNITS", 1, 60_000, 70_000),
        ),
    ),
    Service(
        "SRV-HOSTING",
        "Managed hosting",
        owner="Leila Osman",
        scorecard="",
        description="Runs customers' applications in two regions.",
        value_proposition="Your application runs; you never learn the names of our machines.",
        offers=(
            Offer("SEG-ENT", 5, 3_900_000, 4_150_000),
            Offer("SEG-PUB", 5, 2_300_000, 2_200_000, "GBP"),
            Offer("SEG-MID", 2, 640_000, 690_000),
        ),
    ),
    Service(
        "SRV-WORKPLACE",
        "Managed workplace",
        owner="Piet Hanssen",
        scorecard="",
        description="Devices, software and updates for each workplace.",
        value_proposition="A working desk on the first morning and on every one after it.",
        offers=(
            Offer("SEG-MID", 4, 1_480_000, 1_530_000),
            Offer("SEG-UNITS", 3, 540_000, 520_000),
            Offer("SEG-STAFF", 4, 610_000, 640_000),
        ),
    ),
    Service(
        "SRV-EXCHANGE",
        "Data exchange",
        owner="Mira Solberg",
        scorecard="",
        description="Moves orders, stock and invoices between customers' systems.",
        value_proposition="What you send arrives, once, and you can see that it did.",
        offers=(
            Offer("SEG-ENT", 3, 720_000, 705_000),
            Offer("SEG-PUB", 1, 190_000, 185_000, "GBP"),
            Offer("SEG-UNITS", 2, 150_000, 165_000),
        ),
    ),
    Service(
        "SRV-FIELD",
        "Field repair",
        owner="Dario Conti",
        scorecard="",
        description="Visits customers where a remote hand does not reach.",
        value_proposition="One visit, the right part, the same technician as last time.",
        offers=(
            Offer("SEG-MID", 3, 870_000, 810_000),
            Offer("SEG-SMB", 2, 390_000, 350_000),
            Offer("SEG-PUB", 2, 430_000, 440_000),
        ),
    ),
    Service(
        "SRV-PAYROLL",
        "Payroll processing",
        owner="Helen Marsh",
        scorecard="",
        description="Pays our customers' and our own people, every month.",
        value_proposition="Everybody is paid right and on the day.",
        offers=(
            Offer("SEG-UNITS", 3, 330_000, 345_000),
            Offer("SEG-STAFF", 2, 120_000, 130_000),
            Offer("SEG-PUB", 1, 210_000, 200_000),
        ),
    ),
    Service(
        "SRV-ONBOARD",
        "Onboarding service",
        owner="Anouk Meyer",
        scorecard="",
        description="Takes a new customer from signature to first value.",
        value_proposition="Something useful in your hands in the first week.",
        offers=(
            Offer("SEG-ENT", 2, 260_000, 250_000),
            Offer("SEG-MID", 2, 230_000, 240_000),
            Offer("SEG-SMB", 1, 140_000, 155_000),
        ),
    ),
)


@dataclass(frozen=True)
class Customer:
    code: str
    name: str
    segment: str
    since: str
    renewal_month: int  # of the year; contracts renew on its last day
    annual_revenue: int | None
    weight: int

    @property
    def scorecard(self) -> str:
        return "" if self.annual_revenue else "SC-COLLEAGUES"

    @property
    def active_from(self) -> str:
        """Those who came after the first month are measured from then; the others always were."""
        return self.since[:7] if self.since[:7] > FIRST_MONTH else ""

    @property
    def active_until(self) -> str:
        return LEFT_IN.get(self.code, "")

    def renewal_on(self, until: int) -> str:
        """The first renewal after a month; units and sites have no contract to renew."""
        if self.annual_revenue is None:
            return ""
        return last_day(until + 1 + (self.renewal_month - 1 - (until + 1)) % 12).isoformat()


@dataclass(frozen=True)
class Clientele:
    """The customers of a segment by name; what they pay is drawn between two amounts."""

    segment: str
    revenue_from: int
    revenue_to: int
    weight: int
    names: str

    def customers(self) -> Iterator["Customer"]:
        for place, name in enumerate(self.names.split(","), start=1):
            code = f"C-{self.segment.removeprefix('SEG-')}-{place:02}"
            chance = Chance("customer", code)
            size = chance.even()
            revenue = self.revenue_from + size * (self.revenue_to - self.revenue_from)
            since = month_number("2013-01") + int(chance.even() * 155)
            renewal_month = RENEWS_IN.get(code, 1 + int(chance.even() * 12))
            yield Customer(
                code=code,
                name=" ".join(name.split()),
                segment=self.segment,
                since=first_day(since).isoformat(),
                renewal_month=renewal_month,
                annual_revenue=int(revenue) // 1000 * 1000,
                weight=self.weight + round(size * self.weight),
            )


CLIENTELES = (
    Clientele(
        "SEG-ENT",
        revenue_from=640_000,
        revenue_to=1_900_000,
        weight=8,
        names="""
        Alderbrook Industries, Castellane Group, Drumhollow Steel, Eastmere Foods,
        Fjordholm Shipping, Grauwald Chemicals, Halvorsted Energy, Isengrund Optics,
        Kestrel Mutual, Larkmoor Breweries, Montferro Rail, Nordvale Insurance,
        Oakhaven Retail Group, Pellworth Paper, Quarrystone Building, Ravensund Logistics,
        Silvermoor Textiles, Tarnbeck Instruments""",
    ),
    Clientele(
        "SEG-PUB",
        revenue_from=480_000,
        revenue_to=1_400_000,
        weight=6,
        names="""
        City of Aldersund, Brackenford County, Corvindale Water, Ellesmoor Hospital,
        Fenwater Housing Office, City of Hartwick, Lindenau Library Trust, Marrowdale Schools,
        Northfell Ambulance, City of Osterby, Port of Ravnsholm, Saltmarsh Transit,
        Thornhill Hospital, Westerlund Land Registry""",
    ),
    Clientele(
        "SEG-MID",
        revenue_from=150_000,
        revenue_to=620_000,
        weight=3,
        names="""
        Amberly Machine Works, Birkfeld Furniture, Calder & Voss Lifts, Dunmarrow Packaging,
        Elmshore Ceramics, Farrowgate Seeds, Glenhaven Pumps, Holtby Printing, Ivarsen Boats,
        Jessamine Cosmetics, Kilbrack Whisky, Lowmeadow Dairy, Marlpit Bricks, Nettlebed Toys,
        Orchard & Pine Kitchens, Pikestaff Tools, Quillon Pens, Rushmere Tents, Saltire Fisheries,
        Tannerby Leather, Underhill Mushrooms, Vintner & Sons, Wexcombe Clocks, Yarrow Pharma,
        Zellbrook Valves, Ashgrove Organs, Brightling Lamps, Coldharbour Freezers,
        Dappleford Horse Feed, Emberley Stoves, Foxholt Fences, Greywell Gravel""",
    ),
    Clientele(
        "SEG-SMB",
        revenue_from=4_000,
        revenue_to=28_000,
        weight=1,
        names="""
        Acorn Lane Bakery, Bluebell Dental Practice, Copper Kettle Tearoom, Dovetail Joinery,
        Elder & Ash Opticians, Fernhill Physiotherapy, Gooseberry Preserves, Hazelnut Nursery,
        Ivy Court Guesthouse, Juniper Florists, Kingfisher Cycles, Lantern Bookshop,
        Mossy Bank Garden Design, Nutmeg Catering, Old Mill Pottery, Pebble Architects,
        Quince & Plum Delicatessen, Robin's Roofing, Sparrow Translations, Thimble Tailors,
        Umbra Photography, Violet Hairdressing, Willow Veterinary Practice, Yellow Door Hostel,
        Applecart Greengrocer, Barley Mow Inn, Candlewick Gifts, Driftwood Surf School,
        Eiderdown Laundry, Firefly Electricians, Gable End Surveyors, Hopscotch Playgroup,
        Inkwell Stationers, Jackdaw Removals, Kettledrum Music School, Linden Tree Solicitors,
        Magpie Antiques, Nightingale Care, Oxbow Canoe Hire, Paper Moon Printers""",
    ),
)
BUSINESS_UNITS = (
    "Claims handling",
    "Contract law",
    "Facility management",
    "Fleet",
    "Insurance broking",
    "Laboratories",
    "Property",
    "Security",
    "Training centre",
    "Travel",
)
RENEWS_IN = {"C-ENT-11": 12}  # Montferro Rail; the others are drawn
LEFT_IN = {"C-SMB-07": "2026-01", "C-SMB-22": "2026-04", "C-SMB-31": "2026-07"}
SITES = ("Bergen", "Bristol", "Cork", "Gdansk", "Porto", "Trieste")


def _customers() -> Iterator[Customer]:
    for clientele in CLIENTELES:
        yield from clientele.customers()
    for place, name in enumerate(BUSINESS_UNITS, start=1):
        yield _inside(f"C-UNITS-{place:02}", f"{name} unit", "SEG-UNITS")
    for place, name in enumerate(SITES, start=1):
        yield _inside(f"C-STAFF-{place:02}", f"{name} site", "SEG-STAFF")


def _inside(code: str, name: str, segment: str) -> Customer:
    """Units and sites have always been there and pay at most a transfer price."""
    return Customer(code, name, segment, "2013-01-01", 12, None, 2)


CUSTOMERS = tuple(_customers())


def customers_of(segment: str) -> tuple[str, ...]:
    return tuple(customer.code for customer in CUSTOMERS if customer.segment == segment)
