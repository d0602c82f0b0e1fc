/** Providers, versions and the registry that finds them. */
@NullMarked
package io.moe4j.api.spi;

import org.jspecify.annotations.NullMarked;
