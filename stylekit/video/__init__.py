"""Films, one frame at a time: a video or an animated GIF in, H.264, VP9 or a GIF out, its times and its sound kept.

PyAV (FFmpeg) reads and writes all of them; Pillow chooses the colours of a GIF. No film is in memory as a whole.
Notebook 10 paints one.
"""

from stylekit.video.reading import Film, Frame, open_film
from stylekit.video.writing import CONTAINERS, check_film_output, film_size, write_film
