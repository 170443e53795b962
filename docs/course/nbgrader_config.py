"""nbgrader's settings for the course that `make course` builds; it copies this file there. See docs/course.md.

Where assignments are exchanged with students (`c.Exchange.root`) belongs to the machine: say that in the machine's own
/etc/jupyter/nbgrader_config.py, which students read too.
"""

c = get_config()  # noqa: F821  (nbgrader puts it here)

c.CourseDirectory.course_id = "stylekit"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "feedback", ".DS_Store", "*.part"]

# What a student finds in place of a solution: the stubs of the lessons themselves, so that an unanswered exercise runs
# and says "not answered yet".
c.ClearSolutions.code_stub = {"python": "# your answer here\npass"}
c.ClearSolutions.text_stub = "*Your answer here.*"

# A cell may take so many seconds, three times what a whole lesson may take; then it is interrupted and counts as
# failed, and the next one runs.
c.Execute.timeout = 180
c.Execute.interrupt_on_timeout = True
c.Execute.kernel_name = "python3"

# A check that a student deleted is put back, behind the exercise before it, and graded like the others.
c.OverwriteCells.add_missing_cells = True

# An answer that prints without end must not fill the page that comes back to the student.
c.LimitOutput.max_lines = 200
c.LimitOutput.max_traceback = 60
