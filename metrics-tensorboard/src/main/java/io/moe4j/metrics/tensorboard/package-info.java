/** Event files for TensorBoard: records of TensorFlow, each with an event in the wire format of protocol buffers. */
@NullMarked
package io.moe4j.metrics.tensorboard;

import org.jspecify.annotations.NullMarked;
