/**
 * Training data: text that is read lazily, cut into sequences and divided over ranks. Terms: {@code docs/glossary.md}.
 *
 * <p>A corpus is a list of sources (files), each with some documents. A file must not change during a run. Each epoch has another order of the
 * sources, drawn from the seed. Their documents, each followed by an end token, form one stream of tokens, which is cut into sequences of
 * {@code seq_len + 1} tokens; the last sequence is padded with end tokens. So each token is in exactly one sequence of an epoch. About four million
 * tokens form a block, whose sequences are shuffled into an order drawn from seed, epoch and block. With {@code batch} sequences for each rank and
 * step, step {@code s} takes {@code ranks·batch} sequences of this order, from {@code s·ranks·batch} on, and rank {@code r} takes {@code batch} of
 * these, from {@code r·batch} on. Every rank reads the whole stream by itself and keeps its part: the result does not depend on threads, and no two
 * ranks get the same sequence.
 */
@NullMarked
package io.moe4j.data;

import org.jspecify.annotations.NullMarked;
