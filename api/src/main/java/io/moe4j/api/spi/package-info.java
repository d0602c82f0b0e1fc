/** Providers, versions and the registry that finds them. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.spi;

import org.jspecify.annotations.NullMarked;
