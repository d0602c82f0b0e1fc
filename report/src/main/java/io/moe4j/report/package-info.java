/** Reads the files in the folders of runs, and writes one HTML page about them that needs no other file. */
@NullMarked
package io.moe4j.report;

import org.jspecify.annotations.NullMarked;
