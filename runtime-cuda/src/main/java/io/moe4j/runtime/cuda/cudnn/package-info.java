/** cuDNN's graph API: tensors and operations form a graph, which the library matches to a fused kernel. */
@NullMarked
package io.moe4j.runtime.cuda.cudnn;

import org.jspecify.annotations.NullMarked;
