/** The CPU device. Terms and letters of shapes: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.runtime.cpu;

import org.jspecify.annotations.NullMarked;
