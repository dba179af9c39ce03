package mongotest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Server is a running double.
type Server struct {
	engine     *engine
	listener   net.Listener
	replicaSet bool
	wg         sync.WaitGroup
	cursors    cursors

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// Start runs a server until the test ends. A member of a replica set has
// transactions, a standalone server has none.
func Start(t testing.TB, replicaSet bool) *Server {
	t.Helper()
	s, err := Listen(replicaSet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Listen is Start for a program, which closes the server itself.
func Listen(replicaSet bool) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{engine: newEngine(), listener: listener, replicaSet: replicaSet, conns: map[net.Conn]bool{}}
	s.wg.Go(s.accept)
	return s, nil
}

// URI is the connection string.
func (s *Server) URI() string {
	if s.replicaSet {
		return "mongodb://" + s.listener.Addr().String() + "/?replicaSet=double"
	}
	return "mongodb://" + s.listener.Addr().String() + "/?directConnection=true"
}

// Close ends the server and its connections.
func (s *Server) Close() {
	s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.wg.Go(func() { s.serve(conn) })
	}
}

// message is one request on the wire.
type message struct {
	id     int32
	opcode int32
	body   []byte
}

const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

var errProtocol = errors.New("malformed message")

// serve answers the requests of one connection. A goroutine of its own reads, so
// that a command that waits for a lock sees that its client has gone.
func (s *Server) serve(conn net.Conn) {
	gone := make(chan struct{})
	requests := make(chan message)
	s.wg.Go(func() {
		defer close(gone)
		for {
			m, err := read(conn)
			if err != nil {
				return
			}
			requests <- m
		}
	})
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		for { // let the reader go
			select {
			case <-requests:
			case <-gone:
				return
			}
		}
	}()
	for {
		select {
		case <-gone:
			return
		case m := <-requests:
			answer, err := s.answer(m, gone)
			if err != nil {
				return
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}
}

func read(conn net.Conn) (message, error) {
	var header [16]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return message{}, err
	}
	size := int32(binary.LittleEndian.Uint32(header[:]))
	if size < 16 || size > 64<<20 {
		return message{}, errProtocol
	}
	m := message{id: int32(binary.LittleEndian.Uint32(header[4:])), opcode: int32(binary.LittleEndian.Uint32(header[12:]))}
	m.body = make([]byte, size-16)
	_, err := io.ReadFull(conn, m.body)
	return m, err
}

func (s *Server) answer(m message, gone <-chan struct{}) ([]byte, error) {
	var cmd command
	var err error
	switch m.opcode {
	case opMsg:
		cmd, err = parseMsg(m.body)
	case opQuery:
		cmd, err = parseQuery(m.body)
	default:
		err = errProtocol
	}
	if err != nil {
		return nil, err
	}
	reply, err := s.reply(cmd, gone)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 16, 64+len(reply))
	if m.opcode == opMsg {
		out = append(out, 0, 0, 0, 0, 0)
	} else {
		out = append(out, make([]byte, 16)...) // flags, cursor, starting from
		out = append(out, 1, 0, 0, 0)
	}
	out = append(out, reply...)
	binary.LittleEndian.PutUint32(out, uint32(len(out)))
	binary.LittleEndian.PutUint32(out[8:], uint32(m.id))
	kind := uint32(opMsg)
	if m.opcode == opQuery {
		kind = opReply
	}
	binary.LittleEndian.PutUint32(out[12:], kind)
	return out, nil
}

// parseMsg reads the body of an OP_MSG: flags and sections.
func parseMsg(body []byte) (command, error) {
	cmd := command{lists: map[string][]bson.Raw{}}
	if len(body) < 4 || binary.LittleEndian.Uint32(body) != 0 {
		return cmd, errProtocol // checksums and more to come are not supported
	}
	body = body[4:]
	for len(body) > 0 {
		kind := body[0]
		body = body[1:]
		if kind == 0 {
			doc, rest, err := cut(body)
			if err != nil {
				return cmd, err
			}
			cmd.doc, body = bson.Raw(doc), rest
			continue
		}
		section, rest, err := cut(body)
		if err != nil || kind != 1 {
			return cmd, errProtocol
		}
		body, section = rest, section[4:]
		end := 0
		for end < len(section) && section[end] != 0 {
			end++
		}
		if end == len(section) {
			return cmd, errProtocol
		}
		name := string(section[:end])
		for section = section[end+1:]; len(section) > 0; {
			doc, rest, err := cut(section)
			if err != nil {
				return cmd, err
			}
			cmd.lists[name] = append(cmd.lists[name], bson.Raw(doc))
			section = rest
		}
	}
	return cmd, cmd.doc.Validate()
}

// cut takes a piece that begins with its own length.
func cut(b []byte) (piece, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errProtocol
	}
	size := binary.LittleEndian.Uint32(b)
	if size < 4 || uint64(size) > uint64(len(b)) {
		return nil, nil, errProtocol
	}
	return b[:size:size], b[size:], nil
}

// parseQuery reads the body of an OP_QUERY: flags, a name, two numbers, a document.
func parseQuery(body []byte) (command, error) {
	i := 4
	for i < len(body) && body[i] != 0 {
		i++
	}
	if i+9 > len(body) {
		return command{}, errProtocol
	}
	doc, _, err := cut(body[i+9:])
	return command{doc: bson.Raw(doc)}, err
}
