/** The operations of the CPU device, by family. */
@NullMarked
package io.moe4j.runtime.cpu.ops;

import org.jspecify.annotations.NullMarked;
