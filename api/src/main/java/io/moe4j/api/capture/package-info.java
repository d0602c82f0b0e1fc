/** The graph-capture SPI. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.capture;

import org.jspecify.annotations.NullMarked;
