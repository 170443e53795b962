"""The sound of a film on its way into another."""

from __future__ import annotations

import io

import av

from stylekit.video.reading import Film


class Sound:
    """Every track of a film's sound: copied packet by packet if the new file can hold it, else encoded anew.

    What is encoded anew becomes mono or stereo. Only what is due is read: the film is opened a second time for it.
    """

    def __init__(self, film: Film, file: av.container.OutputContainer, codec: str):
        self.start = film.start
        self.file = file
        self.source = av.open(str(film.path))
        self.copies, self.encoders = {}, {}
        for track in self.source.streams.audio:
            if _fits(track, file.format.name):
                self.copies[track.index] = file.add_stream_from_template(track)
            else:
                rate = 48000 if codec == "libopus" else track.sample_rate
                layout = "mono" if track.channels == 1 else "stereo"
                self.encoders[track.index] = file.add_stream(codec, rate=rate, layout=layout)
        tracks = self.source.streams.audio
        self.packets = self.source.demux(*tracks) if tracks else iter(())
        self.next = next(self.packets, None)

    def write(self, until=None):
        """Bring the sound up to a time in seconds (None: to its end) into the new file."""
        while self.next is not None and (until is None or self._begin(self.next) <= until):
            index = self.next.stream_index
            if index in self.encoders:
                self._encode(self.next, self.encoders[index])
            elif self.next.dts is not None:  # the last packet of a track is empty, a sign for decoders
                self._shift(self.next)
                self.next.stream = self.copies[index]
                self.file.mux(self.next)
            self.next = next(self.packets, None)

    def finish(self):
        """Write what encoders hold back."""
        for track in self.encoders.values():
            self.file.mux(track.encode())

    def close(self):
        self.source.close()

    def _begin(self, packet):
        begin = packet.dts if packet.pts is None else packet.pts
        return 0 if begin is None else begin * packet.time_base - self.start

    def _encode(self, packet, track):
        for sound in packet.decode():
            self._shift(sound)
            self.file.mux(track.encode(sound))

    def _shift(self, piece):
        """Let times begin at 0, as those of the pictures do."""
        offset = round(self.start / piece.time_base)
        piece.pts = None if piece.pts is None else piece.pts - offset
        piece.dts = None if piece.dts is None else piece.dts - offset


def _fits(track, container):
    """Return whether a container can hold a track as it is: whether FFmpeg begins such a file."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as file:
            file.add_stream_from_template(track)
            file.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    return True
