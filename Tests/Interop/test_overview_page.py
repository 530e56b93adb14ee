"""The overview page in a real browser: Chromium lays it out with the longest names there can be, and axe-core reads it."""

import datetime
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Server, psql

WIDTHS = [320, 390, 768, 1280, 1920]
SCHEMES = ["light", "dark"]

# As long as the columns allow, or of letters that turn, join, stack or have no width.
TIERS = [
    *(f"tier_of_forty_nine_characters_{n:02}_without_a_break" [:49] for n in range(6)), "business", "pro plus annual",
    "عضوية الشركات الكبيرة", "a\u200bb\u200bc" * 8, "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "Z̵̢͎̈a̴͉͐l̴̞̍g̶̢͑o̵̩͂" * 3,
]
ORDINARY_TIERS = [
    "starter", "team", "business", "business annual", "enterprise", "enterprise plus", "education", "non-profit",
    "trial", "partner programme",
]


def records(tiers: list[str], days: int, long: bool) -> str:
    """Tokens and refusals of some hours of each day up to now, half of the last hour among them."""
    quoted = ", ".join("'" + tier.replace("'", "''") + "'" for tier in tiers)
    user = "rpad('user_' || n || '_', 255, 'abcdefghij')" if long else "'user_' || n"
    meeting = "rpad('meeting_' || (day + n) % 12 || '_', 64, 'klmnopqrst')" if long else "'meeting_' || (day + n) % 12"
    return f"""
        SET TimeZone = 'UTC';
        SELECT connvo.create_partition(name, CAST(month AS date))
        FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name
        CROSS JOIN generate_series(date_trunc('month', now() - interval '{days + 31} days'), now(), '1 month') AS month
        WHERE to_regclass('connvo.' || name || to_char(month, '_YYYY_MM')) IS NULL;
        SELECT connvo.rewind_rollups(CAST(now() - interval '{days + 31} days' AS date));
        INSERT INTO connvo.issued_tokens
            (id, issued_at, expires_at, user_id, meeting_id, organizer_id, requested_role, held_role, granted_role,
            stream_role, tier_id, tier_is_paid, subscription_id, subscription_status, subscription_starts_at, call_cid,
            token_sha256, signing_key_id, session_id, request_id)
        SELECT gen_random_uuid(), issued.at, date_trunc('second', issued.at) + interval '1 hour', {user}, {meeting},
            {user}, 'host', 'host', 'host', 'host', tier.id, true, gen_random_uuid(), 'active',
            now() - interval '3 years', 'default:call', sha256('x'), '0123456789abcdef', 'session', 'request'
        FROM generate_series(0, {days - 1}) AS day
        CROSS JOIN generate_series(1, 5) AS n
        CROSS JOIN unnest(ARRAY[{quoted}]) WITH ORDINALITY AS tier (id, number)
        CROSS JOIN LATERAL (SELECT now() - make_interval(days => day, hours => n - 1) - interval '1 minute' AS at) AS issued
        WHERE tier.number % 2 = 0 OR n < 3;
        INSERT INTO connvo.token_refusals
            (id, refused_at, user_id, meeting_id, organizer_id, code, reason, session_id, request_id)
        SELECT gen_random_uuid(), now() - make_interval(days => day, hours => CAST(n AS integer)) - interval '1 minute', {user},
            {meeting}, {user}, refusal.code, refusal.reason, 'session', 'request'
        FROM generate_series(0, {days - 1}) AS day
        CROSS JOIN (
            VALUES ('PAID_TIER_REQUIRED', 'tier_required'), ('FORBIDDEN', 'not_a_participant'),
                ('FORBIDDEN', 'user_deactivated'), ('NOT_FOUND', 'meeting_not_found'),
                ('MEETING_ALREADY_ENDED', 'meeting_ended'), ('MEETING_NOT_ACTIVE', 'meeting_not_open'),
                ('VALIDATION_ERROR', 'no_stream_call'), ('INSUFFICIENT_PERMISSIONS', 'role_above_own')
        ) AS refusal (code, reason)
        CROSS JOIN generate_series(1, 9) AS n
        WHERE refusal.reason = 'tier_required' OR n = 1;"""


# Name of a world: its records, and how many days the page is of (none: the thirty that it has unless told).
WORLDS = {
    "extreme": (records(TIERS, 40, long=True), None),
    "ordinary": (records(ORDINARY_TIERS, 170, long=False), None),
    "nothing": ("", None),
    "one-day": (records(["pro", "business"], 2, long=False), 1),
    "a-year": (records(["pro", TIERS[0]], 364, long=True), 365),
}


@pytest.fixture(scope="module")
def pages():
    """The files that `connvo-server report overview` writes, by the name of the world."""
    with tempfile.TemporaryDirectory(prefix="connvo-overview-") as folder:
        files = {}
        for number, (world, (sql, days)) in enumerate(WORLDS.items()):
            database = f"connvo_overview_{os.getpid()}_{number}"
            psql("postgres", f"CREATE DATABASE {database}")
            try:
                server = Server(pathlib.Path(folder), database)
                server.environment["DATABASE_ADMIN_URL"] = f"postgresql:///{database}"
                server.must("migrate")
                psql(database, sql)
                file = pathlib.Path(folder) / f"{world}.html"
                period = []
                if days:
                    tomorrow = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=1)
                    period = ["--from", str(tomorrow - datetime.timedelta(days=days)), "--to", str(tomorrow)]
                server.must("report", "overview", *period, "--output", str(file))
                files[world] = file
            finally:
                psql("postgres", f"DROP DATABASE {database} WITH (FORCE)")
        # For looking at them: CONNVO_KEEP_PAGES=DIRECTORY.
        if kept := os.environ.get("CONNVO_KEEP_PAGES"):
            for file in files.values():
                shutil.copy(file, kept)
        yield files


@pytest.fixture
def opened(chromium, pages):
    """Opens the page of a world, with its tables unfolded."""
    contexts = []

    def open_page(world: str, width: int = 1280, scheme: str = "light"):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        contexts.append(context)
        page = context.new_page()
        page.goto(pages[world].as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        return page

    yield open_page
    for context in contexts:
        context.close()


# Elements that show less than they hold, without what tells the rest: a title, or a place that scrolls and can be reached.
CLIPPED = """() => [...document.querySelectorAll('body *')].filter(element => {
    if (!element.clientWidth || element.closest('svg, caption')) return false
    const style = getComputedStyle(element)
    const overflows = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 2
    if (!overflows || style.display === 'inline') return false
    if (style.overflowX === 'visible' && style.overflowY === 'visible') return false
    const scrolls = style.overflowX === 'auto' && element.tabIndex === 0
    return !scrolls && element.getAttribute('title') !== element.textContent
}).map(element => element.outerHTML.slice(0, 120))"""

# Text that reaches beyond the section it belongs to, where that does not scroll: it lies over its neighbour.
ESCAPING = """() => {
    const found = []
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement
        if (!walker.currentNode.data.trim() || parent.closest('svg, caption, .scroll')) continue
        const section = parent.closest('section, .tiles > div, main')
        const range = document.createRange()
        range.selectNodeContents(walker.currentNode)
        const bounds = section.getBoundingClientRect()
        if ([...range.getClientRects()].some(box => box.right > bounds.right + 13)) found.push(walker.currentNode.data)
    }
    // A table that needs to scroll stays in its place.
    for (const scroll of document.querySelectorAll('.scroll')) {
        const bounds = scroll.parentElement.getBoundingClientRect()
        if (scroll.getBoundingClientRect().right > bounds.right + 1) found.push(scroll.getAttribute('aria-label'))
    }
    return found
}"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("world", WORLDS)
def test_the_page_is_as_wide_as_its_window(opened, world, width):
    page = opened(world, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(ESCAPING) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("world", WORLDS)
def test_what_is_cut_says_the_rest(opened, world, width):
    assert opened(world, width).evaluate(CLIPPED) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_ordinary_tables_need_not_scroll_on_a_screen_and_the_first_column_is_read_on_a_telephone(opened, width):
    page = opened("ordinary", width)
    scrolling = page.evaluate("""() => [...document.querySelectorAll('.scroll')]
        .filter(scroll => scroll.scrollWidth > scroll.clientWidth + 1).map(scroll => scroll.getAttribute('aria-label'))""")
    # Seven columns of numbers fit no telephone.
    allowed = {"Tokens per day by tier", "Tokens by hour of the day and day of the week"} if width < 768 else set()
    allowed |= {"Active users by month and tier"} if width < 390 else set()
    assert set(scrolling) <= allowed
    narrow = page.evaluate("""() => [...document.querySelectorAll('tbody th .name')]
        .filter(name => name.getBoundingClientRect().width < 90).map(name => name.textContent)""")
    assert narrow == []


@pytest.mark.parametrize("world", WORLDS)
def test_what_scrolls_is_reached_by_the_keyboard_and_has_a_name(opened, world):
    page = opened(world, 390)
    wanted = set(page.evaluate("""() => [...document.querySelectorAll('*')].filter(element =>
        ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth + 1
    ).map(element => element.getAttribute('aria-label') ?? element.className)"""))
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert wanted <= reached
    if world == "extreme":
        assert wanted
        # And scrolls with the arrow keys.
        page.evaluate("[...document.querySelectorAll('.scroll')].find(e => e.scrollWidth > e.clientWidth + 1).focus()")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("world", WORLDS)
def test_axe_finds_nothing(opened, world, width, scheme):
    """Contrast, headings, landmarks, names, keyboard: every rule that axe-core has on, best practices included."""
    results = Axe().run(opened(world, width, scheme))
    found = {violation["id"]: [node["html"][:160] for node in violation["nodes"][:3]]
             for violation in results.response["violations"]}
    assert found == {}
    assert any(passed["id"] == "color-contrast" for passed in results.response["passes"])


@pytest.mark.parametrize(("world", "units"), [("extreme", "day"), ("one-day", "day"), ("a-year", "week")])
def test_the_time_that_is_not_over_is_marked_in_charts_and_tables(opened, world, units):
    page = opened(world)
    for chart in page.query_selector_all("svg.area:not(.heat)"):
        columns = chart.query_selector_all("g")
        assert [column.get_attribute("class") for column in columns[:-1]] == [None] * (len(columns) - 1)
        assert columns[-1].get_attribute("class") == "part"
        assert ", so far" in columns[-1].query_selector("title").text_content()
    marked = page.evaluate("""() => [...document.querySelectorAll('details tbody th')]
        .map(cell => cell.textContent).filter(text => text.includes('so far'))""")
    assert len(marked) == 2
    assert page.evaluate("document.querySelectorAll('.unfinished').length") == 2
    month = datetime.datetime.now(datetime.timezone.utc).strftime("%b %Y")
    assert f"{month}, so far" in page.inner_text("table:has(caption:text-is('Active users by month and tier')) thead")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("world", WORLDS)
def test_no_printed_page_is_half_empty(opened, world, paper):
    """But the last one: a chart is not cut, so that up to a third of the page before it may be free."""
    page = opened(world)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = false)")
    filled = printed_heights(page.pdf(format=paper))
    assert filled
    assert all(part > 0.6 for part in filled[:-1]), filled


def printed_heights(pdf: bytes) -> list[float]:
    """How far down each page of a PDF is filled, from 0 to 1, by the lowest pixel that is not white."""
    heights = []
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "page.pdf"
        file.write_bytes(pdf)
        subprocess.run(["pdftoppm", "-r", "30", "-gray", file, f"{folder}/page"], check=True, timeout=60)
        for picture in sorted(pathlib.Path(folder).glob("page*.pgm")):
            header, size, depth, pixels = picture.read_bytes().split(b"\n", 3)
            assert (header, depth) == (b"P5", b"255")
            width, height = map(int, size.split())
            rows = [row for row in range(height) if min(pixels[row * width:(row + 1) * width]) < 200]
            heights.append((rows[-1] + 1) / height if rows else 0)
    return heights
