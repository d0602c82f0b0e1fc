/** Attention: with a latent for keys and values, or with keys and values shared by groups of queries. */
@NullMarked
package io.moe4j.layers.attention;

import org.jspecify.annotations.NullMarked;
