"""The science on CSV files: one function per name, no server, no district.

`names` lists the questions and answers one; `reading` reads files and options; a module per family of questions turns
rows into arrays, asks the science, and lays out its answer. Leaves every computation to the families beside this
package.
"""
