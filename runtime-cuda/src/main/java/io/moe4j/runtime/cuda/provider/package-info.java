/** The provider that {@link java.util.ServiceLoader} finds; it assembles a device from its parts. */
@NullMarked
package io.moe4j.runtime.cuda.provider;

import org.jspecify.annotations.NullMarked;
