"""Browser contexts that tests take one after the other, each empty as a new one would be.

A context keeps what it has read of static files: the first page of one that is made anew, with its
scripts, styles and fonts, costs as much as five pages later. Whoever asks for other looks (a touch
screen, a language, dark colours, no scripts) is given another context.
"""

from functools import partial
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

VIEWPORT = {"width": 1280, "height": 720}  # Playwright's
STORES = "local_storage,indexeddb,cache_storage,service_workers"  # all but cookies


class Contexts:
    """In the place of a browser's own `new_context` and `new_page`.

    What a test sets of its pages (sizes, routes, listeners) ends with them; cookies, permissions
    and what pages stored are taken out of the context. Scripts and routes of a context itself would
    stay in it: tests set those of pages.
    """

    def __init__(self, browser: Browser, origin: str) -> None:
        """`origin` is the address of the server whose pages these are."""
        self._make, self._origin = browser.new_context, origin
        self._free: dict[str, list[BrowserContext]] = {}  # by the looks that they were made with
        self._taken: dict[BrowserContext, str] = {}
        self._stores: dict[BrowserContext, tuple[Page, CDPSession]] = {}

    def new_context(self, **options: Any) -> BrowserContext:
        """A context, as Browser.new_context gives one, but taken from those that were given back
        before if one was made with the same options. Its `close` ends its pages and gives it back.
        """
        viewport = options.pop("viewport", VIEWPORT)
        options.setdefault("base_url", self._origin)
        looks = repr(sorted(options.items()))
        free = self._free.setdefault(looks, [])
        context = free.pop() if free else self._made(options)
        self._taken[context] = looks
        context.new_page = partial(self._page, context, viewport)  # type: ignore[method-assign]
        context.close = partial(self._give_back, context)  # type: ignore[method-assign]
        return context

    def new_page(self, **options: Any) -> Page:
        """A page with a context of its own, as Browser.new_page gives one. Closing the page gives
        the context back.
        """
        context = self.new_context(**options)
        page = context.new_page()
        ends = page.close

        def end(**how: Any) -> None:
            ends(**how)
            self._give_back(context)

        page.close = end  # type: ignore[method-assign]
        return page

    def give_back(self) -> None:
        """End all pages of all contexts that are taken: a page that stays open goes on asking and
        drawing.
        """
        for context in [*self._taken]:
            self._give_back(context)

    def _made(self, options: dict[str, Any]) -> BrowserContext:
        """A new context of the browser with these options, and our page in it, which keeps its
        stores.
        """
        context = self._make(**options)
        page = context.new_page()
        self._stores[context] = page, context.new_cdp_session(page)
        return context

    def _page(self, context: BrowserContext, viewport: Any) -> Page:
        """A new page of the context, in this size."""
        page = BrowserContext.new_page(context)
        page.set_viewport_size(viewport)
        return page

    def _give_back(self, context: BrowserContext, **_: Any) -> None:
        """Take a context back that a test closes: its pages are closed and its stores emptied, but
        for static files.
        """
        looks = self._taken.pop(context, None)
        if looks is None:
            return
        ours, stores = self._stores[context]
        for page in context.pages:
            if page != ours:
                page.close()
        context.clear_cookies()
        context.clear_permissions()
        stores.send("Storage.clearDataForOrigin", {"origin": self._origin, "storageTypes": STORES})
        self._free[looks].append(context)
