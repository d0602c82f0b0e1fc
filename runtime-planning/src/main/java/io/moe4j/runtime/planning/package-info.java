/** Planned device memory, shared by the runtimes. */
@NullMarked
package io.moe4j.runtime.planning;

import org.jspecify.annotations.NullMarked;
