/** What a block is made of: two layers between norms, and what they are opened with. */
@NullMarked
package io.moe4j.layers.block;

import org.jspecify.annotations.NullMarked;
