/** Lines on a terminal, with a line of progress below them. */
@NullMarked
package io.moe4j.app.terminal;

import org.jspecify.annotations.NullMarked;
