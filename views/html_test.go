package views

import "github.com/exampleco/punchcard/views/viewstest"

var hostile, draw, source = viewstest.Hostile, viewstest.Draw, viewstest.Source

var all, one, with, attr, has, text = viewstest.All, viewstest.One, viewstest.With, viewstest.Attr, viewstest.Has, viewstest.Text
