/** The composition root: configuration, wiring, data, optimizer, command line. */
@NullMarked
package io.moe4j.trainer;

import org.jspecify.annotations.NullMarked;
