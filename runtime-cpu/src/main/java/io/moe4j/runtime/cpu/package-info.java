/** The CPU device. */
@NullMarked
package io.moe4j.runtime.cpu;

import org.jspecify.annotations.NullMarked;
