/** Declaration of parameters. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.layers.unit;

import org.jspecify.annotations.NullMarked;
