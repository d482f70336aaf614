// Package pickle reads and writes Python pickles of protocols 0 to 5 without running anything that they name.
//
// A Decoder reads a pickle into a pyobj.Graph, an Encoder writes a value of a Graph at any protocol, a Transcoder does both.
package pickle
