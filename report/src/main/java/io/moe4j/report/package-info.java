/** Reads what runs have left in their folders, and writes one HTML page about them that needs nothing but itself. */
@NullMarked
package io.moe4j.report;

import org.jspecify.annotations.NullMarked;
