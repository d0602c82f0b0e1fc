/** The graph-capture SPI. */
@NullMarked
package io.moe4j.api.capture;

import org.jspecify.annotations.NullMarked;
