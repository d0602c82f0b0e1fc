/** The operations that every device implements, by family. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.ops;

import org.jspecify.annotations.NullMarked;
