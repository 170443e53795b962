"""Before networks: textures and style transfer made of pieces of the exemplar itself, copied and fitted.

Pictures are float arrays of shape (H, W, 3), RGB in [0, 1]. Each method is a generator of PatchSteps: the picture so
far and, for each of its pixels, which pixel of the exemplar it was copied from; `done` is the part of the work that is
done. Notebook 09 and appendix A5 build the methods from their ideas.
"""

from stylekit.patches.analogies import image_analogy
from stylekit.patches.growing import efros_leung
from stylekit.patches.measures import neighbours_kept, seam_contrast
from stylekit.patches.neighbours import field_distances, field_of, nearest_patches, patch_match
from stylekit.patches.quilting import minimum_cut, quilt, quilt_transfer, straight_cut
from stylekit.patches.search import Search
from stylekit.patches.step import PatchStep
