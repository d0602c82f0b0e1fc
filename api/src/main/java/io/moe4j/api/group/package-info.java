/** Ranks: groups of them, how they meet, and what they share. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.group;

import org.jspecify.annotations.NullMarked;
