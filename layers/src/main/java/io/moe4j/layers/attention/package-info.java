/**
 * Attention: with a latent for keys and values, or with keys and values shared by groups of queries. Shape letters: {@code docs/glossary.md}; here, Q
 * and V are the elements of a query or key and of a value of one head, and R the rotated ones of them.
 */
@NullMarked
package io.moe4j.layers.attention;

import org.jspecify.annotations.NullMarked;
