/**
 * What models are trained on: text, read lazily, cut into sequences, divided over ranks.
 *
 * <p>A corpus is a list of sources (files), each of some documents. A file must not change during a run. In every epoch the sources come in another order, drawn from the seed. Their
 * documents, each followed by an end token, are one stream of tokens, which is cut into sequences of {@code seq_len + 1} tokens; the last one is filled
 * up with end tokens. So each token is in exactly one sequence of an epoch. About four million tokens at a time make a block, whose sequences are
 * put into an order drawn from seed, epoch and block. Of this order, step {@code s} takes sequences {@code s·R·B} and on, and of those rank
 * {@code r} takes {@code B} from {@code r·B}. Every rank reads the whole stream by itself and keeps its part: nothing depends on threads,
 * and no two ranks get the same sequence.
 */
@NullMarked
package io.moe4j.data;

import org.jspecify.annotations.NullMarked;
