"""The parts of the page: thumbnails to choose from, pictures with words, a download."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterable, Mapping

import anywidget
import ipywidgets
from PIL import Image, ImageOps

from stylekit.errors import AssetError
from stylekit.studio.gallery import Choice, uploaded

THUMBNAIL, SHOWN = 80, 512  # pixels of the screen: the longer side of a thumbnail and of the picture
QUALITY = 85  # of a picture on the page, a JPEG


def thumbnail_html(picture: Image.Image, alt: str) -> str:
    """Return a square from the middle of a picture as a small HTML element."""
    return picture_html(ImageOps.fit(picture, (2 * THUMBNAIL, 2 * THUMBNAIL)), alt, THUMBNAIL)


def picture_html(picture: Image.Image, alt: str, side: int = SHOWN) -> str:
    """Return a picture as an HTML element, as JPEG, `side` pixels wide or high on the screen."""
    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    kept = picture.copy()
    kept.thumbnail((2 * side, 2 * side))  # for screens with two pixels to one
    content = io.BytesIO()
    kept.save(content, "JPEG", quality=QUALITY)
    place = f'width="{width}" height="{height}" decoding="sync" style="max-width: none"'
    return f'<img alt="{html.escape(alt)}" {place} src="{data_url(content.getvalue(), "image/jpeg")}">'


def download_html(content: bytes, kind: str, name: str) -> str:
    """Return a link that saves the content as a file of this name."""
    place = f'download="{html.escape(name)}" style="text-decoration: underline"'
    return f'<a {place} href="{data_url(content, kind)}">Download {html.escape(name)}</a>'


def data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def status_html(sentence: str) -> str:
    """Return a sentence that screen readers read when it changes."""
    return f'<span role="status">{html.escape(sentence)}</span>'


def fill(shelf: ipywidgets.Box, cells: Iterable[tuple[ipywidgets.DOMWidget, ...]]) -> None:
    """Put columns of widgets side by side; those that were there are closed, or ipywidgets would keep them for ever."""
    before = shelf.children
    layout = {"margin": "0 4px 4px 0"}
    shelf.children = [ipywidgets.VBox(list(cell), layout=layout) for cell in cells]
    for cell in before:
        for widget in (*cell.children, cell):
            widget.close()


def labelled(kind: type, description: str, **options):
    """Return a control with its label before it, all of one width."""
    return kind(description=description, style={"description_width": "130px"}, layout={"width": "420px"}, **options)


class SliderNames(anywidget.AnyWidget):
    """Gives every slider of the page its label as its name, which ipywidgets does not, so that it can be heard."""

    _esm = """
    function render() {
      const name = () => document.querySelectorAll(".noUi-handle:not([aria-label])").forEach(handle => {
        const label = handle.closest(".widget-inline-hbox")?.querySelector(".widget-label")?.textContent;
        if (label) handle.setAttribute("aria-label", label);
      });
      const watch = new MutationObserver(name);
      watch.observe(document.body, {childList: true, subtree: true});
      name();
      return () => watch.disconnect();
    }
    export default { render };
    """


class Picker:
    """Pictures to choose from by their thumbnails, and one of the visitor's own, which takes the place of the last.

    `choose` is called with nothing when another one is chosen, `complain` with a sentence when an upload is refused.
    """

    def __init__(
        self,
        title: str,
        choices: Mapping[str, Choice],
        accept: str,
        choose: Callable[[], None],
        complain: Callable[[str], None],
    ):
        self.title, self.choices, self.key = title, dict(choices), next(iter(choices))
        self.changed, self.complain, self.count, self._settling = choose, complain, 0, False
        self.shelf = ipywidgets.Box(layout={"flex_flow": "row wrap"})
        self.upload = ipywidgets.FileUpload(accept=accept, description="Upload", tooltip=f"Upload a {title.lower()}")
        self.upload.observe(self._take, "value")
        self.credit = ipywidgets.HTML()
        heading = ipywidgets.HTML(f"<h2>{html.escape(title)}</h2>")
        self.view = ipywidgets.VBox([heading, self.shelf, ipywidgets.HBox([self.upload, self.credit])])
        self._fill()
        self.choose(self.key)

    @property
    def choice(self) -> Choice:
        """The picture that is chosen."""
        return self.choices[self.key]

    def put(self, choice: Choice) -> None:
        """Choose a picture; one of the visitor's own takes the place of the one that is here."""
        if choice.key not in self.choices:
            for key in [key for key in self.choices if key.startswith("upload")]:
                del self.choices[key]
            self.choices[choice.key] = choice
            self._fill()
        self.choose(choice.key)

    def choose(self, key: str) -> None:
        """Choose a picture by its key."""
        self.key, self._settling = key, True  # while buttons follow, their changes are not presses
        for name, button in self._buttons.items():
            button.value, button.button_style = name == key, "primary" if name == key else ""
        self._settling = False
        words = ". ".join(filter(None, (self.choice.title, self.choice.credit, self.choice.licence))) + "."
        self.credit.value = f'<span style="line-height: 1.3">{html.escape(words)}</span>'
        self.changed()

    def _fill(self):
        """Make a thumbnail and its button for each choice."""
        self._buttons = {key: self._button(key, choice) for key, choice in self.choices.items()}
        images = [ipywidgets.HTML(thumbnail_html(choice.picture, choice.title)) for choice in self.choices.values()]
        fill(self.shelf, zip(images, self._buttons.values(), strict=True))

    def _button(self, key, choice):
        button = ipywidgets.ToggleButton(description=short_name(key), tooltip=f"{self.title}: {choice.title}")
        button.layout.width = f"{THUMBNAIL + 4}px"
        button.observe(lambda change: self._press(key), "value")
        return button

    def _press(self, key):
        if not self._settling:
            self.choose(key)

    def _take(self, change):
        """Take an upload: its content alone, never its name."""
        if not self.upload.value:
            return
        (file,) = self.upload.value[:1]
        self.count += 1
        try:
            choice = uploaded(bytes(file["content"]), file["type"], self.count)
        except AssetError as error:
            self.complain(f"That file cannot be used: {error}")
        else:
            self.put(choice)
        finally:
            self.upload.value = ()  # the page need not keep it, and the same file can be chosen again


def short_name(key: str) -> str:
    """Return the word for a picture: its name, or "own" for what a visitor brought."""
    return "own" if key.startswith("upload") else key
