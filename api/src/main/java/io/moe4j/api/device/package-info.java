/** The device SPI: memory, streams, kernels launched by name. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.device;

import org.jspecify.annotations.NullMarked;
