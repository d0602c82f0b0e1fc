/** Types that all of moe4j's exported packages share. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api;

import org.jspecify.annotations.NullMarked;
