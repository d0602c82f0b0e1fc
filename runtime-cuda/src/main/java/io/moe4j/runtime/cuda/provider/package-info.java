/** What {@link java.util.ServiceLoader} finds, and how a device is put together. */
@NullMarked
package io.moe4j.runtime.cuda.provider;

import org.jspecify.annotations.NullMarked;
