/** Initial values of parameters. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.layers.init;

import org.jspecify.annotations.NullMarked;
