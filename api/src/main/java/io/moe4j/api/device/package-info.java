/** The device SPI: memory, streams, kernels launched by name. */
@NullMarked
package io.moe4j.api.device;

import org.jspecify.annotations.NullMarked;
