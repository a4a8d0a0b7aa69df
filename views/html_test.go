package views

import "github.com/exampleco/punchcard/views/viewstest"

var hostile, draw = viewstest.Hostile, viewstest.Draw

var all, one, with, attr, has, text = viewstest.All, viewstest.One, viewstest.With, viewstest.Attr, viewstest.Has, viewstest.Text
