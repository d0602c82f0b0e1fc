/** Ranks: who they are, how they meet, what they share. */
@NullMarked
package io.moe4j.api.group;

import org.jspecify.annotations.NullMarked;
